/** The bundled build of simple-peer, which loads in Node and in browsers without shims; the same class as the plain entry. */
declare module 'simple-peer/simplepeer.min.js' {
  import SimplePeer from 'simple-peer'
  export default SimplePeer
}
