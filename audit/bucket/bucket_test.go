package bucket_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/audit"
	"riposte.dev/audit/bucket"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

const owner = "111122223333"

func TestHeadsAreKeptAndHeld(t *testing.T) {
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box.Handler())
	t.Cleanup(server.Close)
	account, err := box.CreateAccount(owner, "vault")
	if err != nil {
		t.Fatal(err)
	}
	as := func(k sandbox.Keys) aws.Config {
		return aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider(k.AccessKeyID, k.SecretAccessKey, "")}
	}
	root := s3.NewFromConfig(as(account.CreateRootKey()), func(o *s3.Options) { o.UsePathStyle = true })
	name, plain := "vault", "plain"
	if _, err := root.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name, ObjectLockEnabledForBucket: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	if _, err := root.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &plain}); err != nil {
		t.Fatal(err)
	}
	user := func(name, actions string) aws.Config {
		keys, err := account.CreateUser(name, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":[`+actions+`],"Resource":"arn:aws:s3:::*"}}`)
		if err != nil {
			t.Fatal(err)
		}
		return as(keys)
	}
	riposte, weak := user("riposte", `"s3:PutObject","s3:PutObjectRetention"`), user("weak", `"s3:PutObject"`)
	config := func(change func(*bucket.Config)) bucket.Config {
		c := bucket.Config{Name: name, Owner: owner, Region: "us-east-1", Prefix: "anchors/", Mode: "COMPLIANCE", Retain: 24 * time.Hour, Version: "test"}
		cfg := riposte
		c.AWS = func(context.Context, string, string) (aws.Config, error) { return cfg, nil }
		change(&c)
		return c
	}
	head, at := audit.Head{Seq: 7, Hash: strings.Repeat("ab", 32)}, time.Now()
	where, err := bucket.New(config(func(*bucket.Config) {})).Keep(t.Context(), head, at)
	key, ours := strings.CutPrefix(where, "s3://vault/")
	if err != nil || !ours || !strings.HasPrefix(key, "anchors/riposte-audit-") || !strings.HasSuffix(key, "Z-7.json") {
		t.Fatalf("%s, %v", where, err)
	}
	object, err := root.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &name, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	var kept struct {
		audit.Head
		Time    time.Time
		Riposte string
	}
	if err := json.NewDecoder(object.Body).Decode(&kept); err != nil || kept.Head != head || kept.Riposte != "test" || at.Sub(kept.Time) > time.Second {
		t.Errorf("%+v, %v", kept, err)
	}
	if until := aws.ToTime(object.ObjectLockRetainUntilDate); object.ObjectLockMode != "COMPLIANCE" || !until.Equal(kept.Time.Add(24*time.Hour)) {
		t.Errorf("held %s until %s", object.ObjectLockMode, until)
	}
	if _, err := root.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &name, Key: &key}); err == nil {
		t.Error("it can be removed")
	}
	calls := len(box.Calls())
	if err := bucket.New(config(func(*bucket.Config) {})).Probe(t.Context(), at); err != nil {
		t.Errorf("a head could be kept, and the probe says %v", err)
	}
	if listed, err := root.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &name}); err != nil || len(listed.Contents) != 1 || len(box.Calls()) != calls+2 {
		t.Errorf("after the probe there are %d objects, %v", len(listed.Contents), err)
	}
	for what, c := range map[string]bucket.Config{
		"a bucket without Object Lock": config(func(c *bucket.Config) { c.Name = plain }),
		"somebody else's bucket":       config(func(c *bucket.Config) { c.Owner = "444455556666" }),
		"no permission to retain": config(func(c *bucket.Config) {
			c.AWS = func(context.Context, string, string) (aws.Config, error) { return weak, nil }
		}),
	} {
		if _, err := bucket.New(c).Keep(t.Context(), head, at); err == nil || !strings.Contains(err.Error(), "keep the head in s3://") {
			t.Errorf("%s: %v", what, err)
		}
		// S3 looks at the checksum before the lock, which doctor looks at by itself.
		if err := bucket.New(c).Probe(t.Context(), at); (err == nil) != (c.Name == plain) || err != nil && fault.CodeOf(err) != fault.Denied {
			t.Errorf("%s: the probe says %v", what, err)
		}
	}
}
