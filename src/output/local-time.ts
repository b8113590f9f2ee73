/** A moment in local time, to the second; `unknown` for one that no calendar has. */
export function localTime(time: number): string {
  const date = new Date(Math.round(time));
  if (Number.isNaN(date.getTime())) return 'unknown';
  // By hand: a pattern that is parsed for each of thousands of lines takes a third of a report's time.
  const day = `${pad(date.getFullYear(), 4)}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

function pad(number: number, width = 2): string {
  return String(number).padStart(width, '0');
}
