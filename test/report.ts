import { readFileSync } from 'node:fs';
import type { Report } from '../core/report.ts';

/** The report that a run wrote, or undefined where it wrote none; half a report is a fault and is thrown. */
export function writtenReport(file: string): Report | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return JSON.parse(text);
}
