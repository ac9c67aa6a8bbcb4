package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/conf"
	"riposte.dev/fault"
	"riposte.dev/notify"
	"riposte.dev/notify/smtp"
	"riposte.dev/notify/sns"
)

// checkNotify finds channels and routes with which riposte would not start. It reads no file that they name.
func (c Config) checkNotify(fail func(path, hint, format string, args ...any)) {
	n := c.Notify
	built := map[string]notify.Channel{logRoute: logChannel{}}
	add := func(path string, channel notify.Channel, err error) {
		if err != nil {
			fail(path, fault.Hint(err), "%s", fault.Message(err))
			return
		}
		built[channel.Name()] = channel
	}
	if m := n.Mail; m != nil && m.Host != "" && m.From != "" {
		mail := c.smtp()
		mail.CAFile = ""
		channel, err := smtp.New(mail)
		add("notify.mail", channel, err)
	}
	for _, group := range []struct {
		path  string
		names []string
	}{
		{"notify.topics", slices.Sorted(maps.Keys(n.Topics))},
		{"notify.slack", slices.Sorted(maps.Keys(n.Slack))},
		{"notify.webhooks", slices.Sorted(maps.Keys(n.Webhooks))},
	} {
		for _, name := range group.names {
			if !notify.IsChannelName(name) {
				fail(conf.FieldPath(group.path, name), "use 1 to 40 lower-case letters, digits and dashes", "%q is no channel's name", name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(n.Topics)) {
		channel, err := sns.New(sns.Config{Name: name, TopicARN: n.Topics[name], AWS: noAWS})
		add(conf.FieldPath("notify.topics", name), channel, err)
	}
	for _, name := range slices.Sorted(maps.Keys(n.Webhooks)) {
		w := n.Webhooks[name]
		w.CAFile = ""
		channel, err := newWebhook(Config{Notify: NotifyConfig{Webhooks: map[string]WebhookConfig{name: w}}}, name, time.Now)
		add(conf.FieldPath("notify.webhooks", name), channel, err)
	}
	n.checkNames(fail)
	for _, name := range slices.Sorted(maps.Keys(n.Routes)) {
		n.checkRoute(name, built, fail)
	}
}

// noAWS stands for what a channel would be reached by: a check reaches nothing.
func noAWS(context.Context, string, string) (aws.Config, error) { return aws.Config{}, nil }

// checkRoute finds mistakes in a route. What is wrong with its channels has been said.
func (n NotifyConfig) checkRoute(name string, built map[string]notify.Channel, fail func(path, hint, format string, args ...any)) {
	path := conf.FieldPath("notify.routes", name)
	r, known := n.Routes[name], true
	for i, channel := range r.Channels {
		if _, is := n.channels()[channel]; !is {
			fail(fmt.Sprintf("%s.channels[%d]", path, i), "define it as notify.mail, or under notify.topics, notify.slack or notify.webhooks", "there is no channel %q", channel)
		}
		if _, is := n.Slack[channel]; !is && built[channel] == nil {
			known = false
		}
	}
	if r.MinSeverity != "" && !notify.IsSeverity(r.MinSeverity) {
		fail(path+".min_severity", "write INFORMATIONAL, LOW, MEDIUM, HIGH or CRITICAL", "there is no severity %q", r.MinSeverity)
	}
	if known && len(r.Channels) > 0 {
		notify.Route{Name: name, Channels: r.Channels, To: r.To}.CheckRecipients(built, func(format string, args ...any) {
			fail(path, "", format, args...)
		})
	}
}

// checkNames finds channels that share a name.
func (n NotifyConfig) checkNames(fail func(path, hint, format string, args ...any)) {
	defined := map[string]string{logRoute: "riposte itself", "mail": "notify.mail"}
	claim := func(group string, names []string) {
		for _, name := range names {
			if first, taken := defined[name]; taken {
				fail(conf.FieldPath(group, name), "give one of them another name", "%s has a channel %q already", first, name)
			}
			defined[name] = group
		}
	}
	claim("notify.topics", slices.Sorted(maps.Keys(n.Topics)))
	claim("notify.slack", slices.Sorted(maps.Keys(n.Slack)))
	claim("notify.webhooks", slices.Sorted(maps.Keys(n.Webhooks)))
}

// smtp is the mail channel's configuration.
func (c Config) smtp() smtp.Config {
	m := c.Notify.Mail
	return smtp.Config{
		Host: m.Host, Port: m.Port, TLS: smtp.Encryption(m.TLS), From: m.From,
		Username: m.Username, PasswordFile: c.path(m.PasswordFile), ReplyTo: m.ReplyTo, CAFile: c.path(m.CAFile),
	}
}
