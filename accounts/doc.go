// Package accounts reaches AWS accounts: riposte's own, those in the configuration, and those of an organisation.
//
// Start at [New] and [Accounts.Config]: the configuration for one account and region, with the credentials of the role
// that is assumed there. An account that is neither configured nor discovered is refused, never guessed. [Accounts.Run]
// keeps the list of the organisation and the health of every account up to date in the background; nothing that answers
// an event waits for it.
//
//	base.go      riposte's own identity, from profile, environment or fixed keys
//	config.go    account and region → configuration
//	roster.go    which accounts there are
//	discover.go  the accounts of the organisation
//	regions.go   which regions an account has
//	health.go    whether each account can be reached
//	attempt.go   every attempt: its bound on time, its request id, credentials that AWS no longer takes
//	retry.go     retries that are slowed down for each account and operation apart
package accounts
