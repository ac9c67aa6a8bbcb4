package doctor_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/doctor"
)

func ExampleRun() {
	results := doctor.Run(context.Background(), doctor.Options{
		AWS: func(context.Context, string, string) (aws.Config, error) {
			return aws.Config{}, errors.New("no network")
		},
		Regions:  func(context.Context) ([]string, error) { return nil, errors.New("no network") },
		Validate: func() error { return errors.New("riposte.yaml:3:1: there is no mode \"bold\"") },
		Listen:   "127.0.0.1:0",
	})
	fmt.Println(results[0].Check, results[0].Status, results[0].Detail)
	fmt.Println(results[1].Check, results[1].Status, results[1].Next)
	// Output:
	// configuration fail riposte.yaml:3:1: there is no mode "bold"
	// credentials fail aws sts get-caller-identity
}
