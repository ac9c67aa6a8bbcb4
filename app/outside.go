package app

import (
	"maps"
	"time"

	"riposte.dev/action/ticket"
	"riposte.dev/notify/outbound"
)

// newTrackers is where tickets are opened.
func newTrackers(c Config, now func() time.Time) (*ticket.Trackers, error) {
	configs := maps.Clone(c.Tickets)
	for name, config := range configs {
		config.CAFile = c.path(config.CAFile)
		configs[name] = config
	}
	return ticket.New(configs, ticket.Options{Secret: func(path string) (string, error) { return outbound.Secret(c.path(path)) }, Now: now})
}

// ticketRule is the bundled rule that opens tickets: without a tracker there is nowhere to open them.
const ticketRule = "finding-ticket"

// disabled are the rules that are left out.
func (c Config) disabled() []string {
	if *c.Rules.Bundled && len(c.Tickets) == 0 {
		return append([]string{ticketRule}, c.Rules.Disable...)
	}
	return c.Rules.Disable
}
