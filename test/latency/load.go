package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"riposte.dev/test/stage"
)

const (
	perPut  = 10 // entries of one PutEvents, AWS's limit
	posters = 64
)

// client signs PutEvents for riposte's intake.
func (b *bench) client() *eventbridge.Client {
	id, secret, _ := strings.Cut(b.stage.Key, ":")
	return eventbridge.NewFromConfig(aws.Config{Region: stage.Region, BaseEndpoint: aws.String(b.stage.URL),
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
		HTTPClient:  &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: posters}, Timeout: 30 * time.Second}})
}

// batch makes the entries of one PutEvents; from numbers its first event.
func batch(from int) ([]types.PutEventsRequestEntry, error) {
	entries := make([]types.PutEventsRequestEntry, perPut)
	for i := range entries {
		var e struct {
			Source     string
			DetailType string `json:"detail-type"`
			Detail     json.RawMessage
		}
		if err := json.Unmarshal(stage.Background(from+i, time.Now()), &e); err != nil {
			return nil, err
		}
		entries[i] = types.PutEventsRequestEntry{Source: &e.Source, DetailType: &e.DetailType, Detail: aws.String(string(e.Detail))}
	}
	return entries, nil
}

// put sends one PutEvents; every entry must have been taken.
func put(ctx context.Context, client *eventbridge.Client, entries []types.PutEventsRequestEntry) error {
	out, err := client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
	if err != nil {
		return err
	}
	if out.FailedEntryCount > 0 {
		return fmt.Errorf("%d events were refused: %s", out.FailedEntryCount, aws.ToString(out.Entries[0].ErrorMessage))
	}
	return nil
}

// steady sends the given number of events a second until ctx ends, and says how many were acknowledged.
func (b *bench) steady(ctx context.Context, rate int) (int, error) {
	client := b.client()
	tick := time.NewTicker(time.Second * perPut / time.Duration(rate))
	defer tick.Stop()
	var acknowledged atomic.Int64
	var sending sync.WaitGroup
	failed := make(chan error, 1)
	for {
		select {
		case <-tick.C:
			entries, err := batch(b.sent)
			if err != nil {
				return 0, err
			}
			b.sent += perPut
			sending.Go(func() {
				if err := put(context.WithoutCancel(ctx), client, entries); err != nil {
					select {
					case failed <- err:
					default: // the first one is enough
					}
					return
				}
				acknowledged.Add(perPut)
			})
		case err := <-failed:
			return 0, err
		case <-ctx.Done():
			sending.Wait()
			return int(acknowledged.Load()), nil
		}
	}
}

// flood measures the intake: how many events a second are acknowledged to many senders that never pause.
func (b *bench) flood(ctx context.Context, last time.Duration, w io.Writer) error {
	fmt.Fprintf(w, "\n%-49s %8s\n", fmt.Sprintf("intake over HTTP, %d senders, synced", posters), "events/s")
	client, plain := b.client(), &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: posters}}
	for _, kind := range []struct {
		name   string
		events int // of one request
		send   func(from int) error
	}{
		{"one event a request (API destination)", 1, func(from int) error { return b.stage.Post(ctx, plain, stage.Background(from, time.Now())) }},
		{fmt.Sprintf("PutEvents of %d, signed", perPut), perPut, func(from int) error {
			entries, err := batch(from)
			if err != nil {
				return err
			}
			return put(ctx, client, entries)
		}},
	} {
		next := atomic.Int64{}
		next.Store(int64(b.sent))
		failed := make(chan error, posters)
		began := time.Now()
		var sending sync.WaitGroup
		for range posters {
			sending.Go(func() {
				for time.Since(began) < last && len(failed) == 0 {
					if err := kind.send(int(next.Add(int64(kind.events))) - kind.events); err != nil {
						failed <- err
						return
					}
				}
			})
		}
		sending.Wait()
		if len(failed) > 0 {
			return <-failed
		}
		took := time.Since(began)
		fmt.Fprintf(w, "%-49s %8.0f\n", kind.name, float64(int(next.Load())-b.sent)/took.Seconds())
		b.sent = int(next.Load())
	}
	return nil
}
