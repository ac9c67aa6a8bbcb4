// Package outbound makes the HTTP calls that leave riposte for an address out of its configuration: web hooks, chat, HTTP
// targets.
//
// Start at [Client]: a client that refuses the metadata services of clouds, link-local and (unless allowed) private
// addresses when it dials, whatever name led there, and that follows no redirect. [Failed] judges errors of the network
// and takes the URL out of them, [Hold] keeps a pause that a server asked for, [Secret] reads a secret from its file.
package outbound
