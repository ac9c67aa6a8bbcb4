package integration

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/inspector2"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
)

// service is an AWS service whose client riposte has.
type service struct {
	name   string // in a resource: cloudwatchlogs
	errors string // before the names of its errors: CloudWatchLogs
	iam    string // before its IAM actions: logs
	typ    reflect.Type
	client func(aws.Config) any
}

func of[C any](name, errors, iam string, make func(aws.Config) *C) *service {
	return &service{name, errors, iam, reflect.TypeFor[*C](), func(cfg aws.Config) any { return make(cfg) }}
}

// services lists them by their names in resources. The names of services and errors are those of
// https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html, the prefixes of IAM actions those of
// the Service Authorization Reference.
func services() []*service {
	return []*service{
		of("accessanalyzer", "AccessAnalyzer", "access-analyzer", func(c aws.Config) *accessanalyzer.Client { return accessanalyzer.NewFromConfig(c) }),
		of("account", "Account", "account", func(c aws.Config) *account.Client { return account.NewFromConfig(c) }),
		of("apigateway", "ApiGateway", "apigateway", func(c aws.Config) *apigateway.Client { return apigateway.NewFromConfig(c) }),
		of("apigatewayv2", "ApiGatewayV2", "apigateway", func(c aws.Config) *apigatewayv2.Client { return apigatewayv2.NewFromConfig(c) }),
		of("autoscaling", "AutoScaling", "autoscaling", func(c aws.Config) *autoscaling.Client { return autoscaling.NewFromConfig(c) }),
		of("cloudfront", "CloudFront", "cloudfront", func(c aws.Config) *cloudfront.Client { return cloudfront.NewFromConfig(c) }),
		of("cloudtrail", "CloudTrail", "cloudtrail", func(c aws.Config) *cloudtrail.Client { return cloudtrail.NewFromConfig(c) }),
		of("cloudwatch", "CloudWatch", "cloudwatch", func(c aws.Config) *cloudwatch.Client { return cloudwatch.NewFromConfig(c) }),
		of("cloudwatchlogs", "CloudWatchLogs", "logs", func(c aws.Config) *cloudwatchlogs.Client { return cloudwatchlogs.NewFromConfig(c) }),
		of("codebuild", "CodeBuild", "codebuild", func(c aws.Config) *codebuild.Client { return codebuild.NewFromConfig(c) }),
		of("dynamodb", "DynamoDb", "dynamodb", func(c aws.Config) *dynamodb.Client { return dynamodb.NewFromConfig(c) }),
		of("ec2", "Ec2", "ec2", func(c aws.Config) *ec2.Client { return ec2.NewFromConfig(c) }),
		of("ecr", "Ecr", "ecr", func(c aws.Config) *ecr.Client { return ecr.NewFromConfig(c) }),
		of("ecs", "Ecs", "ecs", func(c aws.Config) *ecs.Client { return ecs.NewFromConfig(c) }),
		of("elasticache", "ElastiCache", "elasticache", func(c aws.Config) *elasticache.Client { return elasticache.NewFromConfig(c) }),
		of("eks", "Eks", "eks", func(c aws.Config) *eks.Client { return eks.NewFromConfig(c) }),
		of("elasticloadbalancingv2", "ElasticLoadBalancingV2", "elasticloadbalancing",
			func(c aws.Config) *elasticloadbalancingv2.Client { return elasticloadbalancingv2.NewFromConfig(c) }),
		of("eventbridge", "EventBridge", "events", func(c aws.Config) *eventbridge.Client { return eventbridge.NewFromConfig(c) }),
		of("firehose", "Firehose", "firehose", func(c aws.Config) *firehose.Client { return firehose.NewFromConfig(c) }),
		of("guardduty", "GuardDuty", "guardduty", func(c aws.Config) *guardduty.Client { return guardduty.NewFromConfig(c) }),
		of("iam", "Iam", "iam", func(c aws.Config) *iam.Client { return iam.NewFromConfig(c) }),
		of("inspector2", "Inspector2", "inspector2", func(c aws.Config) *inspector2.Client { return inspector2.NewFromConfig(c) }),
		of("kinesis", "Kinesis", "kinesis", func(c aws.Config) *kinesis.Client { return kinesis.NewFromConfig(c) }),
		of("kms", "Kms", "kms", func(c aws.Config) *kms.Client { return kms.NewFromConfig(c) }),
		of("lambda", "Lambda", "lambda", func(c aws.Config) *lambda.Client { return lambda.NewFromConfig(c) }),
		of("opensearch", "OpenSearch", "es", func(c aws.Config) *opensearch.Client { return opensearch.NewFromConfig(c) }),
		of("macie2", "Macie2", "macie2", func(c aws.Config) *macie2.Client { return macie2.NewFromConfig(c) }),
		of("organizations", "Organizations", "organizations", func(c aws.Config) *organizations.Client { return organizations.NewFromConfig(c) }),
		of("rds", "Rds", "rds", func(c aws.Config) *rds.Client { return rds.NewFromConfig(c) }),
		of("redshift", "Redshift", "redshift", func(c aws.Config) *redshift.Client { return redshift.NewFromConfig(c) }),
		of("route53resolver", "Route53Resolver", "route53resolver",
			func(c aws.Config) *route53resolver.Client { return route53resolver.NewFromConfig(c) }),
		of("s3", "S3", "s3", func(c aws.Config) *s3.Client {
			return s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = c.BaseEndpoint != nil }) // emulators have no names for buckets
		}),
		of("s3control", "S3Control", "s3", func(c aws.Config) *s3control.Client { return s3control.NewFromConfig(c) }),
		of("securityhub", "SecurityHub", "securityhub", func(c aws.Config) *securityhub.Client { return securityhub.NewFromConfig(c) }),
		of("sfn", "Sfn", "states", func(c aws.Config) *sfn.Client { return sfn.NewFromConfig(c) }),
		of("sns", "Sns", "sns", func(c aws.Config) *sns.Client { return sns.NewFromConfig(c) }),
		of("sqs", "Sqs", "sqs", func(c aws.Config) *sqs.Client { return sqs.NewFromConfig(c) }),
		of("ssm", "Ssm", "ssm", func(c aws.Config) *ssm.Client { return ssm.NewFromConfig(c) }),
		of("sts", "Sts", "sts", func(c aws.Config) *sts.Client { return sts.NewFromConfig(c) }),
		of("wafv2", "Wafv2", "wafv2", func(c aws.Config) *wafv2.Client { return wafv2.NewFromConfig(c) }),
	}
}

// operation is an API action of a service, as the SDK has it.
type operation struct {
	*service
	name  string       // TerminateInstances
	input reflect.Type // of the SDK's input struct
}

// operation finds an API action by its name in camel case; nil where the service has none, or one that streams.
func (s *service) operation(api string) *operation {
	if api == "" {
		return nil
	}
	name := strings.ToUpper(api[:1]) + api[1:]
	if o := s.method(name); o != nil {
		return o
	}
	for _, known := range s.operations() {
		if camel(known) == api {
			return s.method(known)
		}
	}
	return nil
}

// method returns the operation that a method of the client is; nil where it is none.
func (s *service) method(name string) *operation {
	m, ok := s.typ.MethodByName(name)
	if !ok || m.Type.NumIn() != 4 || !m.Type.IsVariadic() || m.Type.NumOut() != 2 || m.Type.In(1) != reflect.TypeFor[context.Context]() {
		return nil
	}
	if _, streams := m.Type.Out(0).MethodByName("GetStream"); streams {
		return nil
	}
	return &operation{s, name, m.Type.In(2).Elem()}
}

// operations lists the names of all API actions.
func (s *service) operations() []string {
	var names []string
	for i := range s.typ.NumMethod() {
		if name := s.typ.Method(i).Name; s.method(name) != nil {
			names = append(names, name)
		}
	}
	return names
}

// camel is an API action as a resource names it: describeDBInstances.
func camel(name string) string { return strings.ToLower(name[:1]) + name[1:] }

// call makes the API call with the SDK. in is a pointer to the operation's input.
func (o *operation) call(ctx context.Context, cfg aws.Config, in reflect.Value) (reflect.Value, error) {
	method := reflect.ValueOf(o.client(cfg)).MethodByName(o.name)
	answer := method.Call([]reflect.Value{reflect.ValueOf(ctx), in})
	err, _ := answer[1].Interface().(error)
	return answer[0], err
}

// tokens are the names of members by which services know that a call was made before.
var tokens = []string{"ClientToken", "ClientRequestToken"}

// token is the member of the input by which the service knows a call again; "" without.
func (o *operation) token() string {
	i := slices.IndexFunc(tokens, func(name string) bool {
		f, ok := o.input.FieldByName(name)
		return ok && f.Type == reflect.TypeFor[*string]()
	})
	if i < 0 {
		return ""
	}
	return tokens[i]
}

// reads reports whether the operation changes nothing, by its first word.
func (o *operation) reads() bool {
	if o.secret() || slices.Contains(notReads, o.service.name+":"+o.name) {
		return false
	}
	return slices.ContainsFunc(readWords, func(word string) bool {
		rest, ok := strings.CutPrefix(o.name, word)
		return ok && rest != "" && rest[0] >= 'A' && rest[0] <= 'Z'
	})
}

// readWords begin the names of operations that change nothing; testdata/reads.txt lists the operations that they cover, so that a
// new version of the SDK does not add to them unseen.
var readWords = []string{"Describe", "Get", "Head", "List", "Lookup", "Filter", "Search", "Simulate", "Test", "Validate", "Check"}

// notReads are operations whose name says that they only read, and that do more.
var notReads = []string{
	"elasticache:TestFailover",                  // has a node fail
	"elasticache:TestMigration",                 // connects to the other side
	"apigateway:TestInvokeAuthorizer",           // invokes what is behind
	"apigateway:TestInvokeMethod",               // the same
	"ec2:GetConsoleScreenshot",                  // may wake the instance up
	"macie2:GetSensitiveDataOccurrences",        // has Macie read objects, and shows secrets out of them
	"ssm:GetDeployablePatchSnapshotForInstance", // makes a snapshot
}

// secrets are operations that answer with credentials, which the history of an execution would show for good.
var secrets = []string{
	"ec2:CreateKeyPair", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer", "kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyPair", "kms:DeriveSharedSecret", "iam:CreateAccessKey", "iam:CreateServiceSpecificCredential", "iam:ResetServiceSpecificCredential",
	"redshift:GetClusterCredentials", "redshift:GetClusterCredentialsWithIAM", "redshift:GetIdentityCenterAuthToken",
	"apigateway:CreateApiKey", "apigateway:GetApiKey", "apigateway:GetApiKeys",
	"ec2:CreateKeyPair", "kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyPair", "kms:DeriveSharedSecret", "iam:CreateAccessKey", "iam:CreateServiceSpecificCredential", "iam:ResetServiceSpecificCredential",
	"s3:CreateSession", "s3control:GetDataAccess", "ssm:GetAccessToken", "sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity",
	"sts:AssumeRoot", "sts:GetFederationToken", "sts:GetSessionToken", "sts:GetDelegatedAccessToken", "sts:GetWebIdentityToken",
}

func (o *operation) secret() bool { return slices.Contains(secrets, o.service.name+":"+o.name) }
