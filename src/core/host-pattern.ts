/** Whether a host name is the one named, or stands for one or more labels before `.example.com` where `*.example.com` is. */
export function matchesHost(name: string, pattern: string): boolean {
  return pattern.startsWith('*.')
    ? name.endsWith(pattern.slice(1)) && name.length >= pattern.length
    : name === pattern
}
