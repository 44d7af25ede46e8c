/** The words of a report as a reader gets them: without its style sheet, and without what a log says in code. */
export function wordsOfPage(page: string): string {
  return page
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(/<title>[\s\S]*?<\/title>/, '')
    .replace(/<code>[\s\S]*?<\/code>/g, '')
    .replace(/<\/(?:p|li|dd|dt|td|th|h\d|div|title|desc|caption)>/g, '.\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&');
}
