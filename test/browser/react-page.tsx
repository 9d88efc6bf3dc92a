/** What the tests of React components share: a container that is taken away again, and waiting for a condition. */
import { Component, type ReactNode } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import type { Store } from '../../src/index.js'
import { createStore } from '../../src/index.js'
import { memoryNetwork } from '../../src/mesh/memory/memory-network.js'

const roots: Root[] = []
const stores: Store[] = []

/** Draws `node` into a new container. `draw` draws another one into the same place. */
export function drawn(node: ReactNode): { container: HTMLElement; draw: (node: ReactNode) => void } {
  const container = document.body.appendChild(document.createElement('div'))
  // What a boundary of a test catches is expected; React would print it.
  const root = createRoot(container, { onCaughtError: () => undefined })
  roots.push(root)
  root.render(node)
  return { container, draw: (next) => root.render(next) }
}

/** A component that is nothing but the hooks that a test calls in it. */
export function Uses({ hooks }: { hooks: () => ReactNode }): ReactNode {
  return hooks()
}

/** Keeps what its children throw, and draws nothing then. */
export class Boundary extends Component<{ caught: unknown[]; children: ReactNode }> {
  override state = { failed: false }

  static getDerivedStateFromError() {
    return { failed: true }
  }

  override componentDidCatch(error: unknown) {
    this.props.caught.push(error)
  }

  override render() {
    return this.state.failed ? null : this.props.children
  }
}

/** Takes every container away; effects end. */
export function undraw(): void {
  for (const root of roots.splice(0)) root.unmount()
  document.body.replaceChildren()
}

/** A store that works alone. */
export function aloneStore(): Store {
  return keep(createStore({ cluster: 'hooks' }))
}

/** Two stores that meet in memory. */
export function meetingStores(): [Store, Store] {
  const network = memoryNetwork()
  const open = (name: string) => keep(createStore({ cluster: 'hooks', name, transport: network.transport() }))
  return [open('one'), open('two')]
}

/** Closes every store of the test. */
export async function closeStores(): Promise<void> {
  await Promise.all(stores.splice(0).map((store) => store.close()))
}

/** Two frames and a task: whatever was going to be rendered has been. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => requestAnimationFrame(resolve))
  await new Promise((resolve) => setTimeout(resolve, 0))
}

/** Replaces the text of a field as a person does, so that controlled fields notice. */
export function type(field: HTMLInputElement | HTMLTextAreaElement, text: string): void {
  const prototype = field instanceof HTMLInputElement ? HTMLInputElement : HTMLTextAreaElement
  Object.getOwnPropertyDescriptor(prototype.prototype, 'value')?.set?.call(field, text)
  field.dispatchEvent(new Event('input', { bubbles: true }))
}

/** The one element that `selector` finds. */
export function one<E extends Element = HTMLElement>(within: ParentNode, selector: string): E {
  const found = within.querySelectorAll<E>(selector)
  const [element] = found
  if (element === undefined || found.length > 1) throw new Error(`${found.length} elements match ${selector}`)
  return element
}

function keep(store: Store): Store {
  stores.push(store)
  return store
}
