/**
 * How much time of a processor this process has taken, in milliseconds. What a test says about speed is said in it: a machine
 * that others use makes everything slower but this.
 */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
