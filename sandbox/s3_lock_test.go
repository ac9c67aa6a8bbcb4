package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/sandbox"
)

func TestObjectLock(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client := w.s3(w.root, "us-east-1")
	makeBucket(t, client, "plain")
	vault, key := "vault", "head.json"
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &vault, ObjectLockEnabledForBucket: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	locked, err := client.GetObjectLockConfiguration(t.Context(), &s3.GetObjectLockConfigurationInput{Bucket: &vault})
	if err != nil || locked.ObjectLockConfiguration.ObjectLockEnabled != types.ObjectLockEnabledEnabled {
		t.Errorf("%+v, %v", locked, err)
	}
	if _, err := client.GetObjectLockConfiguration(t.Context(), &s3.GetObjectLockConfigurationInput{Bucket: aws.String("plain")}); err == nil ||
		!strings.Contains(err.Error(), "ObjectLockConfigurationNotFoundError") {
		t.Errorf("a bucket without Object Lock: %v", err)
	}
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	put := func(bucket string, mode types.ObjectLockMode, until *time.Time) error {
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("{}"), ObjectLockMode: mode, ObjectLockRetainUntilDate: until})
		return err
	}
	past := until.Add(-48 * time.Hour)
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"a bucket without Object Lock": {put("plain", types.ObjectLockModeCompliance, &until), "Bucket is missing Object Lock Configuration"},
		"no date":                      {put(vault, types.ObjectLockModeCompliance, nil), "must both be supplied"},
		"no mode":                      {put(vault, "", &until), "must both be supplied"},
		"a date that is over":          {put(vault, types.ObjectLockModeGovernance, &past), "must be in the future"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	if err := put(vault, types.ObjectLockModeCompliance, &until); err != nil {
		t.Fatal(err)
	}
	head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &vault, Key: &key})
	if err != nil || head.ObjectLockMode != types.ObjectLockModeCompliance || !aws.ToTime(head.ObjectLockRetainUntilDate).Equal(until) {
		t.Errorf("%+v, %v", head, err)
	}
	if err := put(vault, "", nil); err == nil || !strings.Contains(err.Error(), "protected by object lock") {
		t.Errorf("overwritten: %v", err)
	}
	if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &vault, Key: &key}); err == nil || !strings.Contains(err.Error(), "protected by object lock") {
		t.Errorf("deleted: %v", err)
	}
}
