// Which parts of a Markdown text are code. What is written in code is quoted, not said: nobody is mentioned there.

/**
 * The text with its code replaced by spaces, so that everything else stays where it was: fenced blocks (``` or ~~~,
 * an unclosed one runs to the end) and code spans (closed in the same paragraph by as many backticks), as CommonMark
 * has them. Indented blocks are left alone: in a chat, spaces at the start of a line are seldom meant as code.
 */
export function withoutCode(text: string): string {
  if (!text.includes('`') && !text.includes('~~~')) return text
  const result: string[] = []
  let paragraph: string[] = []
  let fence: string | undefined
  const endParagraph = () => {
    if (paragraph.length > 0) result.push(withoutSpans(paragraph.join('\n')))
    paragraph = []
  }
  for (const line of text.split('\n')) {
    if (fence !== undefined) {
      if (closes(line, fence)) fence = undefined
      result.push(blank(line))
      continue
    }
    fence = opened(line)
    if (fence !== undefined || line.trim() === '') {
      endParagraph()
      result.push(blank(line))
    } else paragraph.push(line)
  }
  endParagraph()
  return result.join('\n')
}

const blank = (text: string): string => text.replace(/[^\n]/g, ' ')

/** The fence that this line opens, as it was written; a fence of backticks has none after them. */
const opened = (line: string): string | undefined => {
  const found = /^ {0,3}(?:(`{3,})[^`]*|(~{3,}).*)$/s.exec(line)
  return found?.[1] ?? found?.[2]
}

const closes = (line: string, fence: string): boolean => {
  const mark = /^ {0,3}(`{3,}|~{3,})\s*$/.exec(line)?.[1]
  return mark !== undefined && mark[0] === fence[0] && mark.length >= fence.length
}

/** A span runs from some backticks to the next run of exactly as many. Backticks without a partner are plain text. */
function withoutSpans(paragraph: string): string {
  const runs = [...paragraph.matchAll(/`+/g)].map((run) => ({ at: run.index, length: run[0].length }))
  /** Lengths of which no run is left: without this, a text of unmatched runs would be searched again and again. */
  const exhausted = new Set<number>()
  let result = ''
  let done = 0
  for (let open = 0; open < runs.length; open++) {
    const start = runs[open]
    if (start === undefined || exhausted.has(start.length)) continue
    let close = open + 1
    while (close < runs.length && runs[close]?.length !== start.length) close++
    const end = runs[close]
    if (end === undefined) {
      exhausted.add(start.length)
      continue
    }
    const stop = end.at + end.length
    result += paragraph.slice(done, start.at) + blank(paragraph.slice(start.at, stop))
    done = stop
    open = close
  }
  return result + paragraph.slice(done)
}
