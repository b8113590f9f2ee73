/** A drop-in that lets a timer fire at once, and often: systemd starts a unit five times in ten seconds at most. */
export const EVERY_THREE_SECONDS = `[Timer]
OnCalendar=
OnCalendar=*:*:0/3
AccuracySec=100ms
RandomizedDelaySec=0
`;
