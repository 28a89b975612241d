"""Tones as WAV files, and finding one in a recording: the proof that two people heard each other."""

from __future__ import annotations

import array
import math
import sys
import wave
from pathlib import Path

RATE = 8000  # Hz; G.711
LOUDNESS = 8000  # of 32767
BLOCK = 800  # samples, 100 ms: bins of 10 Hz


def write_tone(path: Path, frequency: int, seconds: float = 120.0) -> None:
    """A mono 16-bit WAV file of one pure tone. frequency in Hz, a multiple of 10 so that periods join."""
    # A tenth of a second holds whole periods of any multiple of 10 Hz.
    step = 2 * math.pi * frequency / RATE
    tenth = array.array("h", (round(LOUDNESS * math.sin(step * index)) for index in range(BLOCK)))
    if sys.byteorder == "big":
        tenth.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(tenth.tobytes() * round(seconds * RATE / BLOCK))


def tone_seconds(path: Path, frequency: int) -> float:
    """For how many seconds a recording (8 kHz, mono, 16 bits; its header may be unfinished) holds the tone."""
    content = path.read_bytes()
    start = content.find(b"data")
    if start < 0:
        return 0.0
    body = content[start + 8 :]
    samples = array.array("h", body[: len(body) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    blocks = (samples[place : place + BLOCK] for place in range(0, len(samples) - BLOCK + 1, BLOCK))
    return sum(BLOCK / RATE for block in blocks if _holds(block, frequency))


def _holds(block: array.array[int], frequency: int) -> bool:
    """Whether the tone has half of the block's energy, by Goertzel's algorithm."""
    coefficient = 2 * math.cos(2 * math.pi * frequency / RATE)
    before, last = 0.0, 0.0
    for sample in block:
        before, last = last, sample + coefficient * last - before
    power = (before * before + last * last - coefficient * before * last) * 2 / len(block)
    energy = float(sum(sample * sample for sample in block))
    return energy > len(block) * 500.0**2 and power > energy / 2
