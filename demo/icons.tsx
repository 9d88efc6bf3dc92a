/** The few pictures of the page, drawn in the color of the text around them and hidden from screen readers. */
import type { ReactNode } from 'react'

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      {children}
    </svg>
  )
}

/** Three members and their links. */
export function MeshIcon() {
  return (
    <Icon>
      <path d="M5 14.5 10 5l5 9.5z" />
      <circle cx="10" cy="5" r="2.6" className="solid" />
      <circle cx="5" cy="14.5" r="2.6" className="solid" />
      <circle cx="15" cy="14.5" r="2.6" className="solid" />
    </Icon>
  )
}

/** A browser window. */
export function BrowserIcon() {
  return (
    <Icon>
      <rect x="2.5" y="4" width="15" height="12" rx="2" />
      <path d="M2.5 7.5h15M5 5.8h.01M7 5.8h.01" />
    </Icon>
  )
}

/** A process on a server. */
export function NodeIcon() {
  return (
    <Icon>
      <rect x="3" y="3.5" width="14" height="5.5" rx="1.5" />
      <rect x="3" y="11" width="14" height="5.5" rx="1.5" />
      <path d="M6 6.25h.01M6 13.75h.01M9.5 6.25H14M9.5 13.75H14" />
    </Icon>
  )
}

/** A mark for "the same". */
export function CheckIcon() {
  return (
    <Icon>
      <path d="m4.5 10.5 3.8 3.8 7.2-8.3" />
    </Icon>
  )
}

/** Two arrows that exchange. */
export function ExchangeIcon() {
  return (
    <Icon>
      <path d="M4 7.5h11m-3-3 3 3-3 3M16 12.5H5m3 3-3-3 3-3" />
    </Icon>
  )
}

/** A bin. */
export function DeleteIcon() {
  return (
    <Icon>
      <path d="M4 6h12M8 6V4h4v2m-6.5 0 .7 10h7.6l.7-10M8.5 9v4.5m3-4.5v4.5" />
    </Icon>
  )
}
