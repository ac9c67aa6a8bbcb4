package app

import (
	"context"
	"errors"

	"riposte.dev/bus"
	"riposte.dev/notify/outbound"
	"riposte.dev/target"
	targetaws "riposte.dev/target/aws"
	targethttp "riposte.dev/target/http"
)

// buildTargets makes what sends events to the targets of rules.
func (a *App) buildTargets(context.Context) error {
	c := a.opts.Config
	var err error
	a.endpoints, err = targethttp.New(targethttp.Options{
		Connections: c.Connections, Client: outbound.Client(outbound.Options{AllowPrivate: c.AllowPrivateTargets}), Now: a.opts.Now,
		Secret: func(path string) (string, error) { return outbound.Secret(c.path(path)) },
	})
	if err != nil {
		return err
	}
	a.targets, err = target.New(target.Options{
		Senders: append(targetaws.Senders(a.accounts.Config), a.endpoints), Queue: outgoing{a.bus}, DeadLetters: targetaws.DeadLetters(a.accounts.Config),
		Logger: a.log, Registerer: a.metrics, Now: a.opts.Now,
	})
	return err
}

// connectionNames are what targets with a URL may name.
func (c Config) connectionNames() []string {
	names := []string{}
	for _, connection := range c.Connections {
		names = append(names, connection.Name)
	}
	return names
}

// outgoing is the bus as the target router's queue.
type outgoing struct{ bus *bus.Bus }

// Enqueue stores a delivery.
func (o outgoing) Enqueue(ctx context.Context, queue, id string, data []byte) error {
	return o.bus.Enqueue(ctx, queue, id, data)
}

// Work hands deliveries out.
func (o outgoing) Work(ctx context.Context, queue string, cfg target.WorkConfig, handle func(context.Context, target.Job) error) error {
	config := bus.WorkConfig{Concurrency: cfg.Workers, MaxAttempts: attempts, Backoff: bus.Backoff(cfg.Pause)}
	return o.bus.Work(ctx, queue, config, func(ctx context.Context, job bus.Job) error {
		err := handle(ctx, target.Job(job))
		if errors.Is(err, target.ErrGiveUp) {
			return bus.Terminal(err)
		}
		return err
	})
}
