/** How a problem is printed: where, what, and a caret under it; never more than a few lines, whatever file was named. */
import { expect, it } from 'vitest';
import { formatProblem } from '../../src/model/problem.ts';

const at = (excerpt: string, column: number, message = 'wrong') =>
  formatProblem({ code: 'PW-X', message, file: 'a.yaml', line: 7, column, excerpt }).split('\n');

it('the caret stands under the column', () => {
  expect(at('kind: voter', 7)).toEqual(['a.yaml:7:7  PW-X  wrong', '   7 | kind: voter', '     |       ^']);
});

it('the caret stands under the column behind bytes that are shown as escapes', () => {
  expect(at('\u001b: voter', 4)).toEqual(['a.yaml:7:4  PW-X  wrong', '   7 | \\x1b: voter', '     |       ^']);
});

it('a line of any length is shown around the column, and a message is cut', () => {
  const [head, excerpt, caret] = at(`${'a'.repeat(5000)}!${'b'.repeat(5000)}`, 5001, 'm'.repeat(9000));
  expect(head!.length).toBeLessThan(450);
  expect(excerpt!.length).toBeLessThan(140);
  expect(excerpt![caret!.indexOf('^')]).toBe('!');
});
