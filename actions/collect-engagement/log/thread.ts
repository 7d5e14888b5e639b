import { parentPort, workerData } from 'node:worker_threads';
import { type ThreadResult, type ThreadTask, takePieces } from './files.ts';
import type { PackedResult, PackedTask } from './packed.ts';

// The whole of a second thread: it is started with its task, and whoever did that waits for the one answer.
const task: ThreadTask | PackedTask = workerData;

function answer(result: ThreadResult | PackedResult): void {
  const { texts, durations } = result.share;
  parentPort?.postMessage(result, [texts.buffer, ...durations.map(({ buffer }) => buffer)]);
}

// What plain files have no use for is loaded for packed ones alone. An error ends the thread, and who waits is told.
if ('files' in task) void import('./packed.ts').then(({ takePacked }) => takePacked(task)).then(answer);
else answer(takePieces(task));
