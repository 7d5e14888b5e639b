import * as z from 'zod/mini';

/** A moment in UTC, as every record has it: in one form, so that texts sort as their times do. */
export const momentPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z$/;
export const moment = z.string().check(z.regex(momentPattern, 'a moment in UTC'));
