package app

import (
	"context"
	"io"
	"log/slog"

	"riposte.dev/cli"
)

// Serve is `riposte serve`: it runs until ctx ends or a part fails.
func Serve(ctx context.Context, o cli.ServeOptions, version string) error {
	config, err := LoadConfig(o.Config)
	if err != nil {
		return err
	}
	if o.Listen != "" {
		config.Server.Listen = o.Listen
	}
	a, err := Start(ctx, Options{Config: config, Data: o.Data, Version: version, Logger: newLogger(o.Log, o.JSON), Reload: o.Reload})
	if err != nil {
		return err
	}
	o.Ready(a.URL(), a.engine.Rules().Hash())
	defer settle(a.log)()
	var failure error
	select {
	case <-ctx.Done():
		a.log.Info("stopping", "within", stopWithin)
	case failure = <-a.Failed():
	}
	if err := a.Stop(); err != nil && failure == nil {
		failure = err
	}
	return failure
}

func newLogger(w io.Writer, asJSON bool) *slog.Logger {
	if w == nil {
		return slog.New(slog.DiscardHandler)
	}
	if asJSON {
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return slog.New(slog.NewTextHandler(w, nil))
}
