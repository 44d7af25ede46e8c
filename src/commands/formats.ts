/**
 * `pollwatch formats`: the log formats that are read, and what each of them cannot show. Made from the list of formats.
 */
import { formats } from '../formats/index.ts';
import { OK } from './exit-status.ts';

/** Prints the table; returns the exit status. */
export function formatsCommand(): number {
  const parts = formats.map((format) => {
    const names = [format.name, ...format.aliases].join(', ');
    return [
      `${names}\n  ${format.title}`,
      `  ${format.documentation}`,
      `  example: ${format.example}`,
      ...(format.yearless ? ['  lines carry no year: see --year'] : []),
      ...format.limits.map((limit) => `  cannot show: ${limit}`),
    ].join('\n');
  });
  process.stdout.write(
    `pollwatch recognises the format of each log by its first lines; --format NAME skips that.\n\n${parts.join('\n\n')}\n`,
  );
  return OK;
}
