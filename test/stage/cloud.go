package stage

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/sandbox"
)

const bucket = "trail-logs"

// people creates the account with who is in it, and returns riposte's own credentials.
func (s *Stage) people() (sandbox.Keys, error) {
	account, err := s.Box.CreateAccount(Account, "shop")
	if err != nil {
		return sandbox.Keys{}, err
	}
	if s.admin, err = account.CreateUser("admin", sandbox.AdministratorAccess); err != nil {
		return sandbox.Keys{}, err
	}
	if s.intruder, err = account.CreateUser("mallory", policy("cloudtrail:StopLogging")); err != nil {
		return sandbox.Keys{}, err
	}
	own, err := account.CreateUser("riposte", policy("sts:AssumeRole"))
	if err != nil {
		return sandbox.Keys{}, err
	}
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::` + Account + `:user/riposte"}}]}`
	_, err = account.CreateRole(Responder, trust, policy("cloudtrail:DescribeTrails", "cloudtrail:GetTrail", "cloudtrail:GetTrailStatus",
		"cloudtrail:StartLogging", "cloudtrail:StopLogging", "cloudtrail:LookupEvents", "organizations:DescribeOrganization"))
	return own, err
}

func policy(actions ...string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["` + strings.Join(actions, `","`) + `"],"Resource":"*"}]}`
}

func (s *Stage) as(k sandbox.Keys, region string) aws.Config {
	return aws.Config{Region: region, BaseEndpoint: aws.String(s.sandboxURL),
		Credentials: credentials.NewStaticCredentialsProvider(k.AccessKeyID, k.SecretAccessKey, "")}
}

// CreateBucket makes the bucket that trails write to; call it once, before CreateTrail.
func (s *Stage) CreateBucket(ctx context.Context) error {
	buckets := s3.NewFromConfig(s.as(s.admin, "us-east-1"), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := buckets.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		return err
	}
	_, err := buckets.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: aws.String(fmt.Sprintf(`{"Version":"2012-10-17",
		"Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":["s3:GetBucketAcl","s3:PutObject"],
		"Resource":["arn:aws:s3:::%[1]s","arn:aws:s3:::%[1]s/*"]}]}`, bucket))})
	return err
}

// CreateTrail makes a trail that logs. A region has room for five, as in AWS.
func (s *Stage) CreateTrail(ctx context.Context, region, name string) error {
	trails := cloudtrail.NewFromConfig(s.as(s.admin, region))
	if _, err := trails.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: &name, S3BucketName: aws.String(bucket)}); err != nil {
		return err
	}
	_, err := trails.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: &name})
	return err
}

// StopTrail is what the intruder does.
func (s *Stage) StopTrail(ctx context.Context, region, name string) error {
	_, err := cloudtrail.NewFromConfig(s.as(s.intruder, region)).StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: &name})
	return err
}

// Logging reports whether a trail logs.
func (s *Stage) Logging(ctx context.Context, region, name string) (bool, error) {
	out, err := cloudtrail.NewFromConfig(s.as(s.admin, region)).GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: &name})
	if err != nil {
		return false, err
	}
	return aws.ToBool(out.IsLogging), nil
}

// Calls lists what riposte called, in its role, of one operation or ("") of all.
func (s *Stage) Calls(operation string) []sandbox.Call {
	return s.Box.Calls(sandbox.Match{Operation: operation, Principal: ":assumed-role/" + Responder + "/"})
}
