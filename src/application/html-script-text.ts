/**
 * Follows the static text of a script as far as strings go. A slash that begins no comment, a template literal and the comments of
 * HTML can be read in two ways without a parser of JavaScript: after one of them no place counts as a string any more.
 */
export class ScriptText {
  #state: 'code' | 'string' | 'slash' | 'line' | 'block' | 'block-star' | 'unclear' = 'code'
  #quote = ''
  #isEscaped = false
  #last = ''

  get isInString(): boolean {
    return this.#state === 'string' && !this.#isEscaped
  }

  /** Takes the next character; a value in a string is a character like others. */
  note(character: string): void {
    this.#last = (this.#last + character).slice(-4)
    if (this.#last === '<!--' || this.#last.endsWith('-->')) this.#state = 'unclear'
    const isLineEnd = /[\n\r\u2028\u2029]/.test(character)
    switch (this.#state) {
      case 'code':
        if (character === '"' || character === "'") {
          this.#state = 'string'
          this.#quote = character
        } else if (character === '/') this.#state = 'slash'
        else if (character === '`') this.#state = 'unclear'
        return
      case 'string':
        if (this.#isEscaped) this.#isEscaped = false
        else if (character === '\\') this.#isEscaped = true
        else if (character === this.#quote) this.#state = 'code'
        else if (isLineEnd) this.#state = 'unclear'
        return
      case 'slash':
        this.#state = character === '/' ? 'line' : character === '*' ? 'block' : 'unclear'
        return
      case 'line':
        if (isLineEnd) this.#state = 'code'
        return
      case 'block':
        if (character === '*') this.#state = 'block-star'
        return
      case 'block-star':
        if (character === '/') this.#state = 'code'
        else if (character !== '*') this.#state = 'block'
        return
      case 'unclear':
    }
  }
}
