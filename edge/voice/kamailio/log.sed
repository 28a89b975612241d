# What Kamailio says, on its way to the log: no phone number in full (docs/adr/0105). For GNU sed -E; each line once,
# whatever a sender put into it.

/^ *[0-9]+\([0-9]+\) [A-Z0-9]+: / {
    # The parser repeats what it could not read, in whatever spelling; its function and line say what that was.
    /^[^]]*\[core\/parser\// {
        h
        s/^([^]]*\]: [A-Za-z0-9_]+\(\): ).*$/\1/
        x
        s/^[^]]*\]: [A-Za-z0-9_]+\(\): //
        s/[0-9]+/…/g
        H
        x
        s/\n//
        b
    }
    s/([0-9]{2})[0-9]{3,}([0-9]{2})/\1…\2/g
    # 06.12.34.56.78 and +33 6 12 34 56 78; an address has four groups, not five.
    s/((\+|00)33[-. ]?|0)[1-9]([-. ][0-9]{2}){3}[-. ]([0-9]{2})/\1…\4/g
    s/(%[0-9A-Fa-f]{2}){3,}/…/g
    b
}
# Not a beginning: the rest of a sender's text, or the C library's last words.
s/[0-9]+/…/g
