/** The codes of errors that only the mesh meets, as error-catalogue.ts has the others. */
export const MESH_CATALOGUE = {
  TransportError: {
    /** The store closes, and every wait for it ends with this error. */
    ERR_WEBRTC_UNAVAILABLE: {
      why: 'WebRTC is missing or switched off here',
      fix: 'Pass an implementation as the option `webrtc`',
    },
    /** The wait between two attempts is random and grows from 0.5 s to 30 s. */
    ERR_SIGNALING_UNREACHABLE: {
      why: 'The server is down, the URL is wrong, or a firewall or mixed content (ws: on an https: page) blocks it',
      fix: 'Start one with "npx gossip-kv signal" and check the option "signaling"; open links go on, and the connection is tried again by itself',
    },
    /**
     * Two processes with one id take turns for some seconds, until the earlier one gets ERR_IDENTITY_TAKEN. A token is
     * good for one connection.
     */
    ERR_SIGNALING_REFUSED: {
      why: 'Another process runs with the same member id, the server wants another token, or this member broke a limit',
      fix: 'Give each process a data folder of its own, and `token` a function that fetches a fresh one; it is tried again by itself',
    },
    /**
     * A browser does not tell a page whether it blocked a connection, so a server that is not running looks the same. A
     * page without https gets `denied` unasked. What pages of which origin may reach:
     * [SIGNALING.md](SIGNALING.md#pages-and-the-local-network).
     */
    ERR_LOCAL_NETWORK_BLOCKED: {
      why: 'A browser lets a page from elsewhere connect to its own machine and network only if its user allows it, and never without https',
      fix: 'Allow the site access to the local network, serve the page over https or from that network, or give signaling a public address; if it is not running, start it. It is tried again by itself',
    },
    /** `refused` among the candidates: the peer offered addresses that `allowAddresses` does not let in. */
    ERR_ICE_FAILED: {
      why: 'A firewall or an address translation lies between the two members',
      fix: 'Add a STUN or TURN server to `iceServers`, unless both members are in one network that should connect them',
    },
    ERR_DIAL_TIMEOUT: {
      why: 'The member has gone, its signals do not arrive, or the path is blocked',
      fix: 'Nothing needs to be done: it is dialed again later',
    },
    ERR_PEER_BUSY: {
      why: 'Many members join at once',
      fix: 'Nothing needs to be done: it is dialed again later',
    },
    /** This member stays alone and asks again later. */
    ERR_CLUSTER_FULL: {
      why: 'The cluster is as large as one may be, or somebody made members up',
      fix: 'Use several clusters; where members cannot be trusted, give the cluster a secret',
    },
    /** `status.name` is `joining` meanwhile. */
    ERR_MEMBER_FULL: {
      why: 'There are more readers than slots: a tab takes 2 and a Node member 32',
      fix: 'This member gets in by itself when a slot is free; start a Node member that writes, or one more tab',
    },
    ERR_LINK_CLOSED: {
      why: 'The network failed, the process or tab of the peer ended, or a newer link took its place',
      fix: 'Nothing needs to be done: links are repaired by themselves, and nothing is lost',
    },
    ERR_LINK_OVERLOADED: {
      why: 'The peer takes less than it is sent: its network or its process is too slow, or stands still',
      fix: 'Nothing needs to be done: it is linked and synced anew, and nothing is lost',
    },
  },
  ProtocolError: {
    ERR_FRAME_MALFORMED: {
      why: 'The peer runs a broken or foreign implementation',
      fix: 'Update that member: its link is closed, and no data was touched',
    },
    ERR_FRAME_TOO_LARGE: {
      why: 'The peer does not cut its messages: it runs a broken or foreign implementation',
      fix: 'Update that member: its link is closed, and nothing was allocated',
    },
    ERR_VERSION_MISMATCH: {
      why: 'The members run different major versions of gossip-kv',
      fix: 'Update the older one; members of the same version go on',
    },
    ERR_SIGNAL_MALFORMED: {
      why: 'The peer runs a broken or foreign implementation',
      fix: 'Update that member if it stays so: the attempt has ended, and it is dialed again later',
    },
    ERR_REASSEMBLY_LIMIT: {
      why: 'The peer is broken, or the path to it is slower than a link may be',
      fix: 'Nothing needs to be done: its link is closed and dialed anew',
    },
  },
  AuthError: {
    /**
     * The message says which member, and what its handshake lacks. A proof that does not hold with the right secret on both
     * sides means that somebody stands between the two: distrust that signaling server.
     */
    ERR_AUTH_FAILED: {
      why: 'It does not prove that it belongs to this cluster',
      fix: 'Give every member of the cluster the same `cluster` and `secret`, and the same version',
    },
    ERR_AUTH_REFUSED: {
      why: 'The two have different cluster names, secrets or roles',
      fix: 'Compare cluster name, secret and role of both; the link is tried again by itself',
    },
    /** Links go on for up to 60 s. */
    ERR_AUTH_EPOCH: {
      why: 'A rotation of the keys was missed',
      fix: 'Install the key that is missing, with store.keys.install() or "gossip-kv keys install"',
    },
    ERR_SIGNATURE_INVALID: {
      why: 'The member that passed it on forges, or its program is broken: honest members check before they pass on',
      fix: 'Find out who runs it: its link is closed and it is refused for ten minutes',
    },
    /**
     * `status.name` is `offline` for good; what the member holds can still be read, exported and saved. It is no guess: the
     * other one has answered a question that only the holder of this member's key can answer (ADR 11).
     */
    ERR_IDENTITY_TAKEN: {
      why: 'Its data folder or stored identity was copied, so that both have one key and one id',
      fix: 'Stop one of the two, give it a data folder of its own without the copied identity, and start it anew',
    },
    ERR_CRYPTO_UNAVAILABLE: {
      why: 'Browsers offer WebCrypto to secure pages alone: https, or http on localhost',
      fix: 'Serve the page over https',
    },
  },
} as const
