/**
 * Mails as people read them: the words of a page and of plain text, to compare the two, and how many years of school a text
 * asks for.
 */

/** Text of a page as a reader gets it, words only. */
export function wordsOfHtml(page: string): string[] {
  return page
    .replace(/<(title)>[\s\S]*?<\/\1>/g, ' ')
    .replace(/<h1[\s\S]*?<\/h1>/g, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(
      /&(amp|lt|gt|quot|#39);/g,
      (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[name]!,
    )
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
}

/** Words of plain text without rules and list marks. */
export function wordsOfText(text: string): string[] {
  return text
    .replace(/^-{72}$/gm, '')
    .replace(/^(?:- |\d+\. )/gm, '')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
}

/** Flesch–Kincaid grade of prose: 0.39 words per sentence + 11.8 syllables per word − 15.59. */
export function grade(prose: string): number {
  const sentences = prose.split(/[.!?:](?:\s|$)/).filter((s) => /[a-z]/i.test(s));
  const words = prose.match(/[a-z]+(?:'[a-z]+)?/gi) ?? [];
  const syllables = words.reduce((sum, word) => {
    const bare = word.toLowerCase().replace(/(?:[^laeiouy]es|[^laeiouy]e|[^taeiouyd]ed)$/, '');
    return sum + Math.max(1, (bare.match(/[aeiouy]{1,2}/g) ?? []).length);
  }, 0);
  return (0.39 * words.length) / sentences.length + (11.8 * syllables) / words.length - 15.59;
}

/** Prose of a mail for somebody without training: no headings, no names of networks, no numbers of rules. */
export function proseOf(text: string): string {
  return text
    .split('\n\n')
    .slice(1, -1)
    .filter((block) => !block.startsWith('WHY YOU GOT'))
    .map((block) => block.split('\n').slice(1).join(' '))
    .join(' ')
    .replace(/(?:The (?:requests|packets)) came from .*?\. (?=This tells)/g, '')
    .replace(/^(?:- |\d+\. )| (?:- |\d+\. )/g, ' ')
    .replace(/It asked for: .*?(?= [A-Z][a-z])/g, ' ')
    .replace(/\d[\d.,:/]*/g, 'ten')
    .replace(/\s\/\S+/g, ' page');
}
