// Package wafv2 has the actions on AWS WAF: on its IP sets, and on which web ACL looks at what ([NewAssociateWebACL]).
//
// A set can't show who attacks and who doesn't: that is known from the event alone, and whoever could make one up could shut
// customers out, or let an attacker in. So both actions on sets declare [action.EventEvidence], and the guard has the event corroborated, or
// asks people.
//
// Start at [BlockAddress], which adds an address to a set, and [UnblockAddress], which takes it out. Which set and address a
// request means, and which addresses are refused, is in params.go; how a set is read and written in ipset.go.
//
// AWS WAF has one call that replaces all addresses of a set, guarded by a lock token. The plan's call shows only the address
// that is added or removed (members Add and Remove in place of Addresses and LockToken): the rest of the set is read right
// before the call and sent back as it is. So plans for many addresses of one set don't get in each other's way, and what
// somebody else adds meanwhile stays.
package wafv2
