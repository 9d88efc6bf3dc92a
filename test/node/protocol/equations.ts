/**
 * Reads the equations of docs/PROTOCOL.md and decodes bytes by them alone. It shares no code with src/mesh/wire but lib0:
 * what the two agree on is what the page says.
 */
import * as decoding from 'lib0/decoding'

/** What a run of bytes says, by the names of its fields. */
export type Fields = Record<string, unknown>

/** The right-hand sides by name, and the number in parentheses where there is one. */
export interface Equation {
  tag: number | undefined
  right: string
}

/** The equations in the code blocks of that language. */
export function equationsIn(markdown: string, language: string): Map<string, Equation> {
  const equations = new Map<string, Equation>()
  for (const [, block = ''] of markdown.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))) {
    for (const line of block.replace(/\n\s+•/g, ' •').split('\n')) {
      const [, name, tag, right = ''] = /^(\S+)(?: \((\d+)\))?\s+=\s*(.*)$/.exec(line) ?? []
      if (name === undefined) {
        if (line.trim() !== '') throw new Error(`no equation: ${line}`)
        continue
      }
      if (equations.has(name)) throw new Error(`two equations for ${name}`)
      equations.set(name, { tag: tag === undefined ? undefined : Number(tag), right: right.trim() })
    }
  }
  return equations
}

/** Decodes by equations; every byte has to be used. */
export class EquationDecoder {
  readonly #equations: ReadonlyMap<string, Equation>
  readonly #decoder: decoding.Decoder

  constructor(equations: ReadonlyMap<string, Equation>, bytes: Uint8Array) {
    this.#equations = equations
    this.#decoder = decoding.createDecoder(bytes)
  }

  /** Whether bytes are left. */
  get hasMore(): boolean {
    return decoding.hasContent(this.#decoder)
  }

  /** Reads what the equation of that name says. */
  read(name: string): unknown {
    const { right } = this.#equation(name)
    const choices = right.split(' | ')
    if (choices.length === 1) return right.includes(':') ? this.#fields(right) : this.value(right)
    const choice = choices[decoding.readUint8(this.#decoder)]
    if (choice === undefined) throw new Error(`${name}: no such choice`)
    if (!/^\d/.test(choice)) return choice
    return this.#fields(choice.replace(/^\d+\s*•?\s*/, ''))
  }

  /** Reads one value of a type. */
  value(type: string): unknown {
    const [, outer, inner = ''] = /^(\w+)\((.*)\)$/.exec(type) ?? []
    if (outer === 'bytes') return decoding.readUint8Array(this.#decoder, Number(inner)).slice()
    if (outer === 'list')
      return Array.from({ length: Number(this.value('integer')) }, () => this.value(inner))
    switch (type) {
      case 'integer':
        return decoding.readVarUint(this.#decoder)
      case 'byte':
        return decoding.readUint8(this.#decoder)
      case 'flag':
        return decoding.readUint8(this.#decoder) === 1
      case 'bytes':
        return decoding.readVarUint8Array(this.#decoder).slice()
      case 'text':
      case 'word':
        return decoding.readVarString(this.#decoder)
      case 'json':
        return JSON.parse(decoding.readVarString(this.#decoder))
      default:
        return this.read(type)
    }
  }

  #fields(sequence: string): Fields {
    const fields: Fields = {}
    for (const part of sequence.split(' • ').filter(Boolean)) {
      const [, name, type] = /^(\w+): (.+)$/.exec(part) ?? []
      if (name !== undefined && type !== undefined) fields[name] = this.value(type)
      else Object.assign(fields, part.startsWith('bits(') ? this.#bits(part) : this.read(part))
    }
    return fields
  }

  #bits(part: string): Fields {
    const byte = decoding.readUint8(this.#decoder)
    const names = part.slice('bits('.length, -1).split(', ')
    return Object.fromEntries(names.map((name, bit) => [name, (byte & (1 << bit)) !== 0]))
  }

  #equation(name: string): Equation {
    const equation = this.#equations.get(name)
    if (equation === undefined) throw new Error(`no equation for ${name}`)
    return equation
  }
}
