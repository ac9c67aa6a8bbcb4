package app

import (
	"context"
	"log/slog"

	"riposte.dev/notify"
)

// logRoute is the route of last resort: where nobody is configured, the log is told.
const logRoute = "log"

// logChannel writes notifications to the log.
type logChannel struct{ log *slog.Logger }

// Name is how routes call the channel.
func (logChannel) Name() string { return "log" }

// Send writes one line.
func (l logChannel) Send(_ context.Context, d notify.Delivery) error {
	l.log.Warn("notification", "severity", d.Message.Severity, "subject", d.Message.Subject, "summary", d.Message.Summary, "execution", d.Message.Execution)
	return nil
}
