import { placeTrouble } from '../../../../core/agent/cell/place-trouble.ts';

// Started in a mount of its own by the test beside it.
process.stdout.write(placeTrouble(process.argv[2] ?? '') ?? 'none');
