/**
 * What is under way between the members of a run: broadcasts and syncs, which are lost, repeated, overtaken and
 * aborted as the profile says. A message gets through when sender and receiver are in one group as it arrives.
 */
import { randomInteger } from '../../src/base/random.js'
import type { Knowledge } from './causality.js'
import type { OracleMember } from './member.js'
import type { Scene } from './scene.js'
import type { Answer, Told } from './told.js'

type Message =
  | { type: 'update'; from: number; to: number; told: Told }
  | { type: 'summary'; from: number; to: number; life: number; summary: Uint8Array }
  | { type: 'finish'; from: number; to: number; life: number; answer: Answer }
  | { type: 'answer'; from: number; to: number; life: number; parts: Uint8Array[]; knowledge: Knowledge }

type Of<T extends Message['type']> = Extract<Message, { type: T }>

const MESSAGES_MAX = 300
const RESULTS = ['applied', 'early', 'refused', 'offence'] as const

export class Traffic {
  readonly #scene: Scene
  #messages: Message[] = []

  constructor(scene: Scene) {
    this.#scene = scene
  }

  /** A member's own writes go to everybody. */
  broadcast(member: OracleMember): void {
    const { members, world } = this.#scene
    for (const told of member.drain()) {
      world.note([member.index, told.writes.length], () => `${member.index} tells ${names(told)}`)
      for (const { index } of members)
        if (index !== member.index) this.#send({ type: 'update', from: member.index, to: index, told })
    }
  }

  /** One member asks another one for what it lacks. */
  ask(asker: OracleMember, answerer: OracleMember): void {
    const { world, profile } = this.#scene
    if (asker === answerer) return
    if (world.random() < profile.quickSyncs) {
      if (asker.group === answerer.group) this.sync(asker, answerer)
      return
    }
    const { index: from, life, replica } = asker
    world.note([from, answerer.index], () => `${from} asks ${answerer.index}`)
    const summary = replica.exchange.summary(answerer.replica.exchange.digest())
    this.#send({ type: 'summary', from, to: answerer.index, life, summary })
  }

  /** A whole sync in no time. */
  sync(asker: OracleMember, answerer: OracleMember): void {
    const { world } = this.#scene
    const answer = answerer.answer(asker.replica.exchange.summary(answerer.replica.exchange.digest()))
    const difference = answer?.finish()
    if (!answer || !difference) return world.fail('A summary is refused')
    const results = asker.merge(answerer.parts(difference), answer.knowledge)
    const numbers = [asker.index, answerer.index, ...results.map((type) => RESULTS.indexOf(type))]
    world.note(numbers, () => `${asker.index} syncs with ${answerer.index}: ${results}`)
  }

  /** Some of what is under way arrives. */
  deliver(): void {
    const { world, profile } = this.#scene
    for (let left = 1 + randomInteger(world.random, profile.burst); left > 0; left--) this.#deliverOne()
  }

  /** Some of what is under way arrives, the rest never does. */
  flush(): void {
    const { world, profile } = this.#scene
    for (const message of this.#messages.splice(0))
      if (world.random() < profile.arrival) this.#arrive(message)
    this.#messages = []
  }

  #send(message: Message): void {
    this.#messages.push(message)
    if (this.#messages.length > MESSAGES_MAX)
      this.#messages.splice(randomInteger(this.#scene.world.random, MESSAGES_MAX), 1)
  }

  #deliverOne(): void {
    const { world, profile } = this.#scene
    const { isOrdered, loss, duplication } = profile
    const index = isOrdered ? 0 : randomInteger(world.random, this.#messages.length)
    const message = this.#messages[index]
    if (!message) return
    const isRepeated = message.type === 'update' && world.random() < duplication
    if (!isRepeated) this.#messages.splice(index, 1)
    const isReachable = this.#scene.at(message.from).group === this.#scene.at(message.to).group
    if (isReachable && world.random() >= loss) this.#arrive(message)
  }

  #arrive(message: Message): void {
    switch (message.type) {
      case 'update':
        return this.#hear(message)
      case 'summary':
        return this.#answer(message)
      case 'finish':
        return this.#finish(message)
      case 'answer':
        return this.#take(message)
      default:
        return message satisfies never
    }
  }

  #hear({ from, to, told }: Of<'update'>): void {
    const { world } = this.#scene
    const result = this.#scene.at(to).receive(told)
    const numbers = [from, to, RESULTS.indexOf(result)]
    world.note(numbers, () => `${to} hears ${names(told)} of ${from}: ${result}`)
  }

  #answer({ from, to, life, summary }: Of<'summary'>): void {
    const { world } = this.#scene
    const answer = this.#scene.at(to).answer(summary)
    if (!answer) return world.fail('A summary is refused')
    const finish: Message = { type: 'finish', from: to, to: from, life, answer }
    world.note([to, from], () => `${to} answers ${from}`)
    // Only a variant takes its time to answer.
    if (world.variant.answersLate) this.#send(finish)
    else this.#finish(finish)
  }

  #finish({ from, to, life, answer }: Of<'finish'>): void {
    const difference = answer.finish()
    if (!difference) return
    const parts = this.#scene.at(from).parts(difference)
    this.#send({ type: 'answer', from, to, life, parts, knowledge: answer.knowledge })
  }

  /** An aborted sync leaves nothing behind: what came of it is thrown away, unless a variant applies it. */
  #take({ from, to, life, parts, knowledge }: Of<'answer'>): void {
    const { world, profile } = this.#scene
    const asker = this.#scene.at(to)
    // The link ended with the life that asked.
    if (life !== asker.life) return
    const isAborted = world.random() < profile.abortion
    const come = isAborted ? parts.slice(0, randomInteger(world.random, parts.length)) : parts
    const results = asker.merge(come, isAborted ? undefined : knowledge)
    const numbers = [to, from, ...results.map((type) => RESULTS.indexOf(type))]
    world.note(numbers, () => `${to} takes the answer of ${from}: ${isAborted ? 'aborted ' : ''}${results}`)
  }
}

function names({ writes }: Told): string {
  return writes.map(({ id }) => `#${id}`).join()
}
