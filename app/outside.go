package app

import (
	"maps"
	"time"

	"riposte.dev/action/ticket"
	actionwebhook "riposte.dev/action/webhook"
	"riposte.dev/notify/outbound"
	"riposte.dev/notify/webhook"
)

// newWebhook is a receiver of notifications, and of what playbooks have to say.
func newWebhook(c Config, name string, now func() time.Time) (*webhook.Channel, error) {
	w := c.Notify.Webhooks[name]
	headers := map[string]string{}
	for header, file := range w.HeaderFiles {
		headers[header] = c.path(file)
	}
	return webhook.New(webhook.Config{
		Name: name, URL: w.URL, URLFile: c.path(w.URLFile), SecretFile: c.path(w.SecretFile), HeaderFiles: headers,
		AllowPrivate: w.AllowPrivate, AllowPlaintext: w.AllowPlaintext, CAFile: c.path(w.CAFile), Now: now,
	})
}

// newPosters are the webhooks that playbooks may tell.
func newPosters(c Config, now func() time.Time) (map[string]actionwebhook.Poster, error) {
	posters := map[string]actionwebhook.Poster{}
	for name := range c.Notify.Webhooks {
		poster, err := newWebhook(c, name, now)
		if err != nil {
			return nil, err
		}
		posters[name] = poster
	}
	return posters, nil
}

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
