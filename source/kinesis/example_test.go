package kinesis_test

import (
	"context"
	"fmt"

	"riposte.dev/source/kinesis"
)

// A consumer says at once what its options lack.
func ExampleNewConsumer() {
	_, err := kinesis.NewConsumer(kinesis.Options{
		Name: "trail", Stream: "trail-logs",
		Handle: func(_ context.Context, data []byte, meta kinesis.Meta) error {
			fmt.Println(meta.Shard, len(data))
			return nil
		},
	})
	fmt.Println(err)
	// Output:
	// source kinesis "trail": name, stream, region, AWS, handle, bury and checkpoints are required
}
