import { Command } from 'commander'

import { RingwallError } from '../../core/errors.ts'
import type { CommandContext } from '../main.ts'

/** `ringwall completion`: a script for the shell, made from the tree of commands. */
export function completionCommand({ terminal }: CommandContext, program: Command): Command {
  return new Command('completion')
    .description('print a completion script for bash, zsh or fish')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText(
      'after',
      '\nExamples:\n  ringwall completion bash > /etc/bash_completion.d/ringwall\n  ringwall completion fish | source',
    )
    .action((shell: string) => {
      const words = wordsOf(program)
      if (shell === 'bash') terminal.out(bashScript(words))
      else if (shell === 'zsh')
        terminal.out(`autoload -U +X bashcompinit && bashcompinit\n${bashScript(words)}`)
      else if (shell === 'fish') terminal.out(fishScript(words))
      else throw new RingwallError('cli.shell', `no completion for \`${shell}\`; there is bash, zsh and fish`)
    })
}

/** What can follow each chain of commands: `audit query` to its flags. */
function wordsOf(program: Command): ReadonlyMap<string, readonly string[]> {
  const words = new Map<string, readonly string[]>()
  const visit = (command: Command, path: string): void => {
    const flags = command.options
      .map((option) => option.long)
      .filter((flag) => flag !== undefined && flag !== null)
    words.set(path, [...command.commands.map((inner) => inner.name()), ...flags, '--help'])
    for (const inner of command.commands) visit(inner, path === '' ? inner.name() : `${path} ${inner.name()}`)
  }
  visit(program, '')
  return words
}

function bashScript(words: ReadonlyMap<string, readonly string[]>): string {
  const cases = [...words].map(([path, next]) => `    '${path}') next='${next.join(' ')}' ;;`).join('\n')
  return `_ringwall() {
  local path='' word next=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases}
  esac
  COMPREPLY=($(compgen -W "$next" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _ringwall ringwall`
}

function fishScript(words: ReadonlyMap<string, readonly string[]>): string {
  return [...words]
    .flatMap(([path, next]) => {
      const condition =
        path === '' ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${path.split(' ').at(-1)}`
      return next.map((word) =>
        word.startsWith('--')
          ? `complete -c ringwall -n '${condition}' -l ${word.slice(2)}`
          : `complete -c ringwall -f -n '${condition}' -a ${word}`,
      )
    })
    .join('\n')
}
