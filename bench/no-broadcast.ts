/** In place of lib0's BroadcastChannel in the bench of y-webrtc: what is measured has to go over WebRTC. */
export function publish(): void {}
export function subscribe(): void {}
export function unsubscribe(): void {}
