import { parentPort, workerData } from 'node:worker_threads';
import { type ThreadTask, takePieces } from './files.ts';

// The whole of a second thread: files.ts starts it with its task, and waits for the one answer.
const task: ThreadTask = workerData;
const result = takePieces(task);
const { texts, durations } = result.share;
parentPort?.postMessage(result, [texts.buffer, ...durations.map(({ buffer }) => buffer)]);
