// What the pages do better with JavaScript. Without it, every form and link still works.
"use strict";

document.documentElement.classList.add("js");

(function () {
  const SECOND_MS = 1000;
  const HIDDEN_CLOSE_MS = 30 * SECOND_MS;
  let lastHeard = performance.now();
  let lastHeardText = "";
  let clockShift = 0; // server's time minus this machine's, in milliseconds
  let zoneMs = 0;

  document.addEventListener("DOMContentLoaded", function () {
    readClock();
    setInterval(everySecond, SECOND_MS);
    document.querySelectorAll("form[data-once]").forEach(sendOnce);
    document.querySelectorAll("[data-pad]").forEach(digitPad);
    document.querySelectorAll("[data-hold]").forEach(holdButton);
    if (document.body.dataset.staleAfterS) watchStream();
  });

  // A page shown again by Back is as the person left it: its button must work again.
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) document.querySelectorAll("form[data-once]").forEach(unlock);
  });

  function clock() {
    return document.querySelector("[data-epoch-ms]");
  }

  function readClock() {
    const shown = clock();
    if (!shown) return;
    clockShift = Number(shown.dataset.epochMs) - Date.now();
    zoneMs = Number(shown.dataset.offsetS) * SECOND_MS;
    lastHeardText = shown.textContent;
  }

  function everySecond() {
    const shown = clock();
    if (shown) {
      shown.textContent = new Date(Date.now() + clockShift + zoneMs).toISOString().slice(11, 19);
    }
    const limit = Number(document.body.dataset.staleAfterS || 0) * SECOND_MS;
    if (limit) showStale(performance.now() - lastHeard > limit);
  }

  function showStale(stale) {
    const notice = document.getElementById("stale");
    if (!notice || notice.hidden !== stale) return;
    notice.querySelector("[data-stale-since]").textContent = lastHeardText;
    notice.hidden = !stale;
    document.body.classList.toggle("is-stale", stale);
  }

  // Browsers open six connections to a site at most: a hidden tab gives its stream back, or the seventh tab would hang.
  function watchStream() {
    let source = null;
    let timer = 0;
    let closed = false;
    document.addEventListener("htmx:sseOpen", function (event) {
      source = event.detail.source;
    });
    document.addEventListener("htmx:sseMessage", function () {
      lastHeard = performance.now();
      readClock();
      showStale(false);
    });
    document.addEventListener("visibilitychange", function () {
      clearTimeout(timer);
      if (document.hidden) {
        timer = setTimeout(function () {
          closed = true;
          if (source) source.close();
        }, HIDDEN_CLOSE_MS);
      } else if (closed) {
        location.reload();
      }
    });
  }

  // One click, one request; the server makes it once anyway, by its request id.
  function sendOnce(form) {
    form.addEventListener("submit", function (event) {
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "yes";
      form.querySelectorAll("button[data-busy]").forEach(function (button) {
        button.dataset.text = button.textContent;
        button.textContent = button.dataset.busy;
        button.setAttribute("aria-busy", "true");
      });
    });
  }

  function unlock(form) {
    delete form.dataset.sent;
    form.querySelectorAll("button[data-busy][data-text]").forEach(function (button) {
      button.textContent = button.dataset.text;
      button.removeAttribute("aria-busy");
    });
  }

  function digitPad(pad) {
    const input = document.getElementById(pad.dataset.pad);
    pad.addEventListener("click", function (event) {
      const button = event.target.closest("button");
      if (!button) return;
      if ("erase" in button.dataset) input.value = input.value.slice(0, -1);
      else if (input.value.length < input.maxLength) input.value += button.dataset.digit;
    });
  }

  // The other deliberate act: holding the button types the word and sends the form.
  function holdButton(button) {
    const input = document.getElementById(button.dataset.hold);
    let timer = 0;
    function start(event) {
      if (event.type === "keydown" && (event.repeat || (event.key !== " " && event.key !== "Enter"))) return;
      if (event.type === "keydown") event.preventDefault();
      if (event.type === "pointerdown" && event.button !== 0) return;
      clearTimeout(timer);
      button.classList.add("holding");
      timer = setTimeout(function () {
        button.classList.remove("holding");
        input.value = input.dataset.word;
        input.form.requestSubmit();
      }, Number(button.dataset.holdMs));
    }
    function stop() {
      clearTimeout(timer);
      button.classList.remove("holding");
    }
    button.addEventListener("pointerdown", start);
    button.addEventListener("keydown", start);
    ["pointerup", "pointerleave", "pointercancel", "keyup", "blur"].forEach(function (name) {
      button.addEventListener(name, stop);
    });
    button.addEventListener("contextmenu", function (event) {
      event.preventDefault();
    });
  }
})();
