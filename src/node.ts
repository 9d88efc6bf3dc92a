/** What a Node process has beside the store: a data folder, an HTTP interface, and options from the environment. */

export { filePersistence } from './data/persistence/file.node.js'
export { fileCheckpoints } from './data/persistence/file-checkpoints.node.js'
export type { HttpApiOptions } from './http/api.node.js'
export { type Environment, optionsFromEnv } from './http/environment.node.js'
export { type HttpServer, type HttpServerOptions, openHttp, serveHttp } from './http/server.node.js'
export { generateSecret, readerSecret } from './mesh/security/secret.js'
