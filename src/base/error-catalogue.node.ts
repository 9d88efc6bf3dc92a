/** The codes of errors that only Node meets, as error-catalogue.ts has the others. */
export const NODE_CATALOGUE = {
  UsageError: {
    ERR_PAGE_MISSING: {
      why: 'The page of the demo has not been built',
      fix: 'Run "npm run build", or start the demo with "npm start", which builds it',
    },
  },
  TransportError: {
    ERR_PORT_IN_USE: {
      why: 'Another process, perhaps an earlier start of this one, listens there',
      fix: 'Stop that process, or choose another port; 0 takes any free one',
    },
    ERR_API_UNREACHABLE: {
      why: 'No member runs there, or its HTTP interface has another port or listens elsewhere',
      fix: 'Start one with gossip-kv node --port 8081, or say where it is with --url or --port',
    },
    ERR_MEMBER_EXITED: {
      why: 'A member of the demo failed: its own message stands above',
      fix: 'Do what that message says, and start again',
    },
  },
  StorageError: {
    ERR_DATA_TORN: {
      why: 'The process or the machine stopped in the middle of a write',
      fix: 'Nothing needs to be done: no write was lost that flush() had waited for, and others come back from the other members',
    },
  },
} as const
