package sqs

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// run is one life of a source: its contexts end in the order in which it stops.
type run struct {
	*Source
	client *sqs.Client

	receivers sync.WaitGroup // pollers
	work      context.Context
	abandon   context.CancelFunc // ends work: handlers
	settle    context.Context
	leave     context.CancelFunc // ends settle: deletes, give-backs, heartbeat
	handlers  sync.WaitGroup
	settlers  sync.WaitGroup

	deletes, changes *batcher
}

func newRun(s *Source, client *sqs.Client, ctx context.Context) *run {
	r := &run{Source: s, client: client}
	after := context.WithoutCancel(ctx)
	r.work, r.abandon = context.WithCancel(after)
	r.settle, r.leave = context.WithCancel(after)
	r.deletes = newBatcher(func(ctx context.Context, entries []*entry) error { return s.deleteBatch(ctx, client, entries) })
	r.changes = newBatcher(func(ctx context.Context, entries []*entry) error { return s.changeBatch(ctx, client, entries) })
	r.settlers.Go(func() { r.deletes.run(r.settle) })
	r.settlers.Go(func() { r.changes.run(r.settle) })
	r.settlers.Go(func() { r.heartbeat(r.settle) })
	return r
}

// finish ends what is in hand: handlers have Drain, what they leave is given back.
func (r *run) finish() {
	drained := time.AfterFunc(r.opts.Drain, r.abandon)
	gone := time.AfterFunc(r.opts.Drain+goodbye, r.leave)
	r.handlers.Wait()
	drained.Stop()
	gone.Stop()
	r.abandon()
	r.leave()
	r.settlers.Wait()
}
