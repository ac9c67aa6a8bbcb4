package accounts_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/accounts"
	"riposte.dev/fault"
)

func ExampleAccounts_Config() {
	a, err := accounts.New(accounts.Options{
		Base:     aws.Config{Region: "eu-west-1"},
		Accounts: []accounts.Account{{ID: "111122223333", Role: "arn:aws:iam::111122223333:role/riposte", ExternalID: "4f1c"}},
	})
	if err != nil {
		panic(err)
	}
	cfg, err := a.Config(context.Background(), "111122223333", "us-east-1")
	fmt.Println(cfg.Region, err)
	_, err = accounts.New(accounts.Options{Accounts: []accounts.Account{{ID: "111122223333", Role: "riposte"}}})
	fmt.Println(fault.Hint(err))
	// Output:
	// us-east-1 <nil>
	// write arn:aws:iam::111122223333:role/NAME
}
