package bus_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"riposte.dev/bus"
)

// An event is published, consumed once, and starts an execution exactly once.
func Example() {
	dir, err := os.MkdirTemp("", "bus")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	b, err := bus.Open(ctx, bus.Options{Dir: dir, DiskReserve: -1})
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close(context.Background())

	// The same record by two ways: one of them is enough.
	event := bus.Event{Key: "111122223333/8a1f", Data: []byte(`{"detail":{"eventName":"StopLogging"}}`)}
	receipts, err := b.Publish(ctx, bus.Events, event, event)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("duplicates:", receipts[0].Duplicate, receipts[1].Duplicate)

	// A rule matches; whoever is first starts the execution.
	detect := bus.ConsumerConfig{Stream: bus.Events, Durable: "detect"}
	err = b.Consume(ctx, detect, func(ctx context.Context, batch bus.Batch) error {
		defer stop()
		for range 2 {
			_, err := b.Journal().Append(ctx, "restart-trail-8a1f", 0, []byte(`{"started":true}`))
			switch {
			case errors.Is(err, bus.ErrConflict):
				fmt.Println("already started")
			case err != nil:
				return err
			default:
				fmt.Println("started by", string(batch.Events[0].Data))
			}
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// duplicates: false true
	// started by {"detail":{"eventName":"StopLogging"}}
	// already started
}
