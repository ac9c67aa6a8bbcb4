package cli_test

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/rogpeppe/go-internal/testscript"

	"riposte.dev/sandbox"
)

// cloudKey finds a script's cloud among its values.
type cloudKey struct{}

// cloud is an AWS look-alike with the account 111122223333, its administrator "riposte" and the trail "audit" in
// us-east-1, which does not log.
type cloud struct {
	box     *sandbox.Sandbox
	keys    sandbox.Keys
	address string
	end     context.CancelFunc // nil while it is down
	done    chan error
}

// newCloud makes the cloud; it is down.
func newCloud() (*cloud, error) {
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		return nil, err
	}
	account, err := box.CreateAccount("111122223333", "shop")
	if err != nil {
		return nil, err
	}
	c := &cloud{box: box, address: "127.0.0.1:0"}
	if c.keys, err = account.CreateUser("riposte", sandbox.AdministratorAccess); err != nil {
		return nil, err
	}
	return c, errors.Join(c.up(), c.makeTrail(context.Background()), c.down())
}

// up serves the cloud, at the same address each time.
func (c *cloud) up() error {
	listener, err := net.Listen("tcp", c.address)
	if err != nil {
		return err
	}
	c.address, c.done = listener.Addr().String(), make(chan error, 1)
	var ctx context.Context
	ctx, c.end = context.WithCancel(context.Background())
	go func() { c.done <- c.box.Serve(ctx, listener) }()
	return nil
}

func (c *cloud) down() error {
	if c.end == nil {
		return nil
	}
	c.end()
	c.end = nil
	return <-c.done
}

func (c *cloud) makeTrail(ctx context.Context) error {
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: aws.String("http://" + c.address),
		Credentials: credentials.NewStaticCredentialsProvider(c.keys.AccessKeyID, c.keys.SecretAccessKey, "")}
	buckets := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	bucket := aws.String("shop-trail-logs")
	if _, err := buckets.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		return err
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},
		"Action":["s3:GetBucketAcl","s3:PutObject"],"Resource":["arn:aws:s3:::%[1]s","arn:aws:s3:::%[1]s/*"]}]}`, *bucket)
	if _, err := buckets.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: bucket, Policy: &policy}); err != nil {
		return err
	}
	_, err := cloudtrail.NewFromConfig(cfg).CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: aws.String("audit"), S3BucketName: bucket})
	return err
}

// cloud makes the script's cloud, which is up, or down after "!", and puts its endpoint and keys into CLOUD, KEY_ID and
// KEY_SECRET. A cloud that is there already is brought up or down.
func serveCloud(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 0 {
		ts.Fatalf("usage: [!] cloud")
	}
	holder := ts.Value(cloudKey{}).(*struct{ *cloud })
	if holder.cloud == nil {
		made, err := newCloud()
		ts.Check(err)
		holder.cloud = made
		ts.Defer(func() { ts.Check(made.down()) })
		ts.Setenv("CLOUD", "http://"+made.address)
		ts.Setenv("KEY_ID", made.keys.AccessKeyID)
		ts.Setenv("KEY_SECRET", made.keys.SecretAccessKey)
	}
	if neg {
		ts.Check(holder.down())
		return
	}
	ts.Check(holder.up())
}
