/** A drop-in that lets a timer fire at once, and often. */
export const EVERY_SECOND = `[Timer]
OnCalendar=
OnCalendar=*:*:*
AccuracySec=100ms
RandomizedDelaySec=0
`;
