package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"riposte.dev/bus"
	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/source/cloudtrail"
	"riposte.dev/source/cloudwatchlogs"
	"riposte.dev/source/firehose"
	"riposte.dev/source/kinesis"
	"riposte.dev/source/s3"
	"riposte.dev/source/sqs"
	"riposte.dev/web"
)

// Every source gives its events to accept and acknowledges upstream when they are on disk; what can never be read goes to
// the dead letters. Sources only add to what /readyz says; riposte is ready without them.

// buildSources makes the sources of the configuration. They start with the route.
func (a *App) buildSources(context.Context) error {
	for _, build := range []func() error{a.buildQueues, a.buildLogGroups, a.buildStreams, a.buildLookup} {
		if err := build(); err != nil {
			return err
		}
	}
	return nil
}

// source adds a source that runs until riposte stops.
func (a *App) source(run func(context.Context) error) { a.sources = append(a.sources, run) }

// report tells the state of a source.
func (a *App) report(part string) func(string) {
	a.warn(part, "")
	return func(problem string) { a.warn(part, problem) }
}

// bury keeps what a source cannot read.
func (a *App) bury(source string) func(ctx context.Context, key, reason string, data []byte) error {
	return func(ctx context.Context, key, reason string, data []byte) error {
		sum := sha256.Sum256([]byte(key))
		return a.bus.DeadLetter(ctx, bus.DeadLetter{ID: source + "/" + hex.EncodeToString(sum[:16]), Source: source, Key: key, Reason: reason, Data: data})
	}
}

func (a *App) buildQueues() error {
	c := a.opts.Config.Sources
	files := s3.Options{AWS: a.accounts.Config, Accept: a.accept, Bury: a.bury("s3"), Metrics: s3.NewMetrics(a.metrics), Logger: a.log, Now: a.opts.Now,
		Report: func(bucket, problem string) { a.warn("s3 "+bucket, problem) }}
	for _, b := range c.Buckets {
		a.warn("s3 "+b.Name, "")
		files.Buckets = append(files.Buckets, s3.Bucket{Name: b.Name, Owner: b.Owner, Region: b.Region, Prefix: b.Prefix, Account: b.Account})
	}
	reader, err := s3.New(files)
	if err != nil {
		return err
	}
	metrics := sqs.NewMetrics(a.metrics)
	for i, name := range tellApart(places(c.SQS, queuePlace)) {
		q := c.SQS[i]
		source, err := sqs.New(sqs.Options{
			Name: name, QueueURL: q.URL, Region: cmp.Or(q.Region, a.opts.Config.AWS.emulatedRegion()), Account: q.Account, AWS: a.accounts.Config,
			Handle: a.queued(reader), Bury: a.bury("sqs/" + name), Report: a.report("sqs " + name), Metrics: metrics, Logger: a.log, Now: a.opts.Now,
		})
		if err != nil {
			return err
		}
		a.source(source.Run)
	}
	return nil
}

// queued handles a message of a queue: a notice of log files, or an event; either may come through SNS.
func (a *App) queued(files *s3.Reader) sqs.Handle {
	return func(ctx context.Context, m sqs.Message) error {
		body, err := sqs.Unwrap(m.Body)
		if err != nil {
			return err
		}
		notice, ok, err := files.Notice(body)
		if err != nil {
			return err
		}
		if ok {
			return files.Read(ctx, notice)
		}
		e, err := event.Parse(body)
		if err != nil {
			return err
		}
		return a.accept(ctx, []*event.Envelope{e})[0]
	}
}

func (a *App) buildLogGroups() error {
	groups := a.opts.Config.Sources.Logs
	if len(groups) == 0 {
		return nil
	}
	metrics, err := cloudwatchlogs.NewMetrics(a.metrics)
	if err != nil {
		return err
	}
	options := cloudwatchlogs.Options{Name: "logs", AWS: a.accounts.Config, Accept: a.accept, Bury: a.bury("logs"), Checkpoints: a.store.Settings,
		Metrics: metrics, Now: a.opts.Now}
	for i, name := range tellApart(places(groups, func(g LogGroupConfig) place { return place{g.Name, a.regionOr(g.Region), g.Account} })) {
		g := groups[i]
		options.Groups = append(options.Groups, cloudwatchlogs.Group{Account: g.Account, Region: a.regionOr(g.Region), Name: g.Name, Pattern: g.Pattern,
			StreamPrefix: g.StreamPrefix, Report: a.report("logs " + name)})
	}
	poller, err := cloudwatchlogs.NewPoller(options)
	if err != nil {
		return err
	}
	a.source(poller.Run)
	return nil
}

func (a *App) buildStreams() error {
	streams := a.opts.Config.Sources.Kinesis
	if len(streams) == 0 {
		return nil
	}
	metrics, err := kinesis.NewMetrics(a.metrics)
	if err != nil {
		return err
	}
	for i, name := range tellApart(places(streams, func(k StreamConfig) place { return place{k.Stream, a.regionOr(k.Region), k.Account} })) {
		k := streams[i]
		bury := a.bury("kinesis/" + name)
		consumer, err := kinesis.NewConsumer(kinesis.Options{
			Name: name, Account: k.Account, Region: a.regionOr(k.Region), Stream: k.Stream, AWS: a.accounts.Config,
			Handle: func(ctx context.Context, data []byte, _ kinesis.Meta) error { return a.streamed(ctx, data, bury) },
			Bury:   kinesis.Bury(bury), Checkpoints: a.store.Settings, Start: kinesis.Start(k.From), Report: a.report("kinesis " + name),
			Metrics: metrics, Now: a.opts.Now,
		})
		if err != nil {
			return err
		}
		a.source(consumer.Run)
	}
	return nil
}

// streamed handles a record of a stream.
func (a *App) streamed(ctx context.Context, data []byte, bury func(ctx context.Context, key, reason string, data []byte) error) error {
	events, bad, err := decodeRecord(data)
	if err != nil {
		return err
	}
	for _, b := range bad {
		if err := bury(ctx, b.Key, b.Reason, b.Data); err != nil {
			return fault.New(fault.Unavailable, "keeping what cannot be read: %w", err)
		}
	}
	for i, err := range a.accept(ctx, events) {
		if err != nil && !fault.Retryable(err) {
			err = bury(ctx, string(events[i].Cause()), err.Error(), events[i].JSON()) // the others of the record are kept
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// decodeRecord takes the events out of what Kinesis or Firehose carries: an event of EventBridge, or what a subscription of
// CloudWatch Logs sends.
func decodeRecord(data []byte) ([]*event.Envelope, []firehose.Bad, error) {
	if e, err := event.Parse(data); err == nil {
		return []*event.Envelope{e}, nil, nil
	}
	message, err := cloudwatchlogs.Decode(data)
	if err != nil {
		return nil, nil, err
	}
	events, wrong := cloudwatchlogs.Events(message)
	bad := make([]firehose.Bad, len(wrong))
	for i, b := range wrong {
		bad[i] = firehose.Bad(b)
	}
	return events, bad, nil
}

// firehose answers what Amazon Data Firehose delivers.
func (a *App) firehose() (*firehose.Handler, error) {
	metrics, err := firehose.NewMetrics(a.metrics)
	if err != nil {
		return nil, err
	}
	return firehose.NewHandler(firehose.Options{
		Name: "firehose", Decode: decodeRecord, Accept: a.accept, Bury: a.bury("firehose"), Now: a.opts.Now, Logger: a.log, Metrics: metrics,
		Caller: func(r *http.Request) firehose.Caller {
			return firehose.Caller{SpeaksForAWS: web.CallerOf(r).SpeaksForAWS}
		},
	}), nil
}

// emulatedRegion is the region of a look-alike of AWS, whose queue URLs don't say.
func (c AWSConfig) emulatedRegion() string {
	if c.Endpoint == "" {
		return ""
	}
	return c.Region
}

// regionOr is the region, or riposte's own.
func (a *App) regionOr(region string) string { return cmp.Or(region, a.region) }

// buildLookup polls the event history of accounts that send their events by no other way.
func (a *App) buildLookup() error {
	c := a.opts.Config.Sources.Lookup
	if c == nil {
		return nil
	}
	accounts := c.Accounts
	if len(accounts) == 0 {
		accounts = []string{""}
	}
	metrics := cloudtrail.NewMetrics(a.metrics)
	for _, account := range accounts {
		name := "lookup " + cmp.Or(account, "own account")
		regions := c.Regions
		if len(regions) == 0 {
			regions = a.opts.Config.AWS.Regions
		}
		poller, err := cloudtrail.NewPoller(cloudtrail.PollerOptions{
			Name: name, Account: account, Regions: regions, Every: c.Every, AWS: a.accounts.Config, Checkpoints: a.store.Settings,
			Accept: a.accept, Bury: a.bury("lookup"), Report: a.report(name), Paces: a.lookups, Metrics: metrics,
		})
		if err != nil {
			return err
		}
		a.source(poller.Run)
	}
	return nil
}
