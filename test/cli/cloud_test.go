package cli_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"

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
// us-east-1, which does not log. While it is down it keeps its port, which another program would take otherwise, and cuts
// every connection.
type cloud struct {
	box    *sandbox.Sandbox
	keys   sandbox.Keys
	server *httptest.Server
	down   atomic.Bool
}

func newCloud() (*cloud, error) {
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		return nil, err
	}
	account, err := box.CreateAccount("111122223333", "shop")
	if err != nil {
		return nil, err
	}
	c := &cloud{box: box}
	if c.keys, err = account.CreateUser("riposte", sandbox.AdministratorAccess); err != nil {
		return nil, err
	}
	c.server = httptest.NewServer(c)
	return c, c.makeTrail(context.Background())
}

// ServeHTTP answers as AWS, or not at all.
func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.down.Load() {
		panic(http.ErrAbortHandler)
	}
	c.box.Handler().ServeHTTP(w, r)
}

func (c *cloud) makeTrail(ctx context.Context) error {
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(c.server.URL),
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
		ts.Defer(made.server.Close)
		ts.Setenv("CLOUD", made.server.URL)
		ts.Setenv("KEY_ID", made.keys.AccessKeyID)
		ts.Setenv("KEY_SECRET", made.keys.SecretAccessKey)
	}
	holder.down.Store(neg)
}
