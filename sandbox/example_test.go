package sandbox_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"riposte.dev/sandbox"
)

// A sandbox with one account and one user, asked with the AWS SDK.
func Example() {
	ctx := context.Background()
	sb, err := sandbox.New(sandbox.Options{})
	if err != nil {
		panic(err)
	}
	defer sb.Close(ctx)
	srv := httptest.NewServer(sb.Handler())
	defer srv.Close()

	account, err := sb.CreateAccount("111122223333", "playground")
	if err != nil {
		panic(err)
	}
	keys, err := account.CreateUser("alice", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudtrail:*","Resource":"*"}]}`)
	if err != nil {
		panic(err)
	}
	client := sts.New(sts.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(srv.URL),
		Credentials: credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, ""),
	})
	me, err := client.GetCallerIdentity(ctx, nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(*me.Arn)
	for _, c := range sb.Calls() {
		fmt.Println(c.Service, c.Operation, c.ErrorCode == "")
	}
	// Output:
	// arn:aws:iam::111122223333:user/alice
	// sts GetCallerIdentity true
}
