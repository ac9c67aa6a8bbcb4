// Package catalogue is every action that riposte has.
//
// Start at [New]. A new action is one file in action/<service>, its test, and one line in New; docs/guide/new-action.md shows it.
package catalogue

import (
	"time"

	"riposte.dev/action"
	"riposte.dev/action/accessanalyzer"
	"riposte.dev/action/apigateway"
	"riposte.dev/action/autoscaling"
	"riposte.dev/action/awscall"
	"riposte.dev/action/cloudfront"
	"riposte.dev/action/cloudtrail"
	"riposte.dev/action/cloudwatch"
	"riposte.dev/action/codebuild"
	"riposte.dev/action/config"
	"riposte.dev/action/dynamodb"
	"riposte.dev/action/ec2"
	"riposte.dev/action/ecr"
	"riposte.dev/action/ecs"
	"riposte.dev/action/eks"
	"riposte.dev/action/elasticache"
	"riposte.dev/action/elb"
	"riposte.dev/action/guardduty"
	"riposte.dev/action/iam"
	"riposte.dev/action/inspector"
	"riposte.dev/action/kms"
	"riposte.dev/action/lambda"
	"riposte.dev/action/logs"
	"riposte.dev/action/macie"
	"riposte.dev/action/opensearch"
	"riposte.dev/action/organizations"
	"riposte.dev/action/program"
	"riposte.dev/action/rds"
	"riposte.dev/action/redshift"
	"riposte.dev/action/resolver"
	"riposte.dev/action/s3"
	"riposte.dev/action/secretsmanager"
	"riposte.dev/action/securityhub"
	"riposte.dev/action/sns"
	"riposte.dev/action/sqs"
	"riposte.dev/action/ssm"
	"riposte.dev/action/ticket"
	"riposte.dev/action/wafv2"
	"riposte.dev/action/webhook"
)

// Options are what some actions depend on beside AWS.
type Options struct {
	Home            organizations.Home        // in which account riposte is; nil: in that of the request
	SecurityContact string                    // mail address where a resource has no owner
	Now             func() time.Time          // time.Now
	Trackers        *ticket.Trackers          // nil: none is configured
	Programs        map[string]program.Config // of the host, by name
	Webhooks        map[string]webhook.Poster // by name
}

// New returns the set of all actions. They reach accounts through caller.
func New(caller *awscall.Caller, o Options) (*action.Set, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	return action.NewSet(
		accessanalyzer.NewEnable(caller),
		apigateway.NewEnableAccessLogging(caller),
		apigateway.NewEnableExecutionLogging(caller),
		apigateway.NewEnableHTTPAccessLogging(caller),
		apigateway.NewEnableTracing(caller),
		apigateway.NewEncryptCache(caller),

		cloudfront.NewDisableDistribution(caller),
		cloudfront.NewDropOldTLS(caller),
		cloudfront.NewEnableAccessLogging(caller),
		cloudfront.NewRequireHTTPS(caller),

		cloudtrail.NewCreate(caller),
		cloudtrail.NewEnableLogValidation(caller),
		cloudtrail.NewMakeMultiRegion(caller),
		cloudtrail.NewProtectLogBucket(caller),
		cloudtrail.NewRestoreSelectors(caller),
		cloudtrail.NewSetKMSKey(caller),
		cloudtrail.NewStartLogging(caller),

		codebuild.NewDropPrivileges(caller),
		codebuild.NewEnableLogs(caller),
		codebuild.NewMakePrivate(caller),

		cloudwatch.NewEnableActions(caller),

		config.NewStartRecorder(caller),

		ec2.NewBlockPublicImages(caller),
		ec2.NewBlockPublicSnapshots(caller),
		dynamodb.NewEnableDeletionProtection(caller),
		dynamodb.NewEnableRecovery(caller),
		dynamodb.NewEncryptWithKMS(caller),

		ec2.NewCreateSnapshots(caller),
		ec2.NewDenyAddress(caller),
		ec2.NewDetachProfile(caller),
		ec2.NewEmptyDefaultGroup(caller),
		ec2.NewEnableFlowLogs(caller),
		ec2.NewRestoreFlowLogs(caller),
		ec2.NewEncryptVolume(caller),
		ec2.NewEncryptVolumes(caller),
		ec2.NewIsolate(caller),
		ec2.NewMakeImagePrivate(caller),
		ec2.NewMakeSnapshotPrivate(caller),
		ec2.NewNoPublicAddress(caller),
		ec2.NewReplaceProfile(caller),
		ec2.NewRequireIMDSv2(caller),
		ec2.NewRevertGroup(caller),
		ec2.NewRevertNetworkACLEntry(caller),
		ec2.NewRevertRoute(caller),
		ec2.NewRevokeEgress(caller, ec2.Options{SecurityContact: o.SecurityContact}),
		ec2.NewRevokeIngress(caller, ec2.Options{SecurityContact: o.SecurityContact}),
		ec2.NewStop(caller),
		ec2.NewTerminate(caller),

		ecr.NewEnableScanOnPush(caller),
		ecr.NewMakeTagsImmutable(caller),
		ecr.NewRemovePublicStatements(caller),

		eks.NewCordonNode(caller, o.Now),
		eks.NewIsolatePod(caller, o.Now),

		guardduty.NewEnable(caller),
		guardduty.NewEnableFeature(caller),
		guardduty.NewStartMalwareScan(caller),

		ecs.NewEnableContainerInsights(caller),
		ecs.NewNoPublicAddress(caller),
		ecs.NewStopTask(caller),

		elasticache.NewEnableBackups(caller),
		elasticache.NewEnableFailover(caller),
		elasticache.NewEnableMinorUpgrades(caller),

		iam.NewDeactivateAccessKey(caller),
		iam.NewDeactivateAllAccessKeys(caller),
		iam.NewDeleteInlinePolicy(caller),
		iam.NewDeleteUser(caller),
		iam.NewDenyWithoutMFA(caller),
		iam.NewDetachPolicy(caller),
		iam.NewQuarantine(caller),
		iam.NewRemoveLoginProfile(caller),
		iam.NewRestoreTrustPolicy(caller),
		iam.NewRevertTrustPolicy(caller),
		iam.NewRevertPolicyVersion(caller),
		iam.NewRevokeSessions(caller, o.Now),
		iam.NewSetPasswordPolicy(caller),

		inspector.NewEnable(caller),
		inspector.NewStartScan(caller),

		kms.NewCancelDeletion(caller),
		kms.NewEnable(caller),
		kms.NewEnableRotation(caller),
		kms.NewRemovePublicStatements(caller),

		lambda.NewInvoke(caller),
		lambda.NewRemovePublicStatements(caller),
		lambda.NewRevertAlias(caller),
		lambda.NewRevertCode(caller),
		lambda.NewRevertLayers(caller),
		lambda.NewStop(caller),

		logs.NewSetRetention(caller),

		macie.NewEnable(caller),

		program.NewRun(o.Programs, o.Now),

		opensearch.NewEncryptAtRest(caller),
		opensearch.NewEncryptBetweenNodes(caller),
		opensearch.NewPublishLogs(caller),
		opensearch.NewRemovePublicStatements(caller),
		opensearch.NewRequireTLS(caller),
		opensearch.NewUpdateSoftware(caller),
		organizations.NewQuarantine(caller, o.Home),

		rds.NewEnableDeletionProtection(caller),
		rds.NewEnableIAMAuthentication(caller),
		rds.NewEnableMinorUpgrades(caller),
		rds.NewEncrypt(caller),
		rds.NewKeepBackups(caller),
		rds.NewMakeInstancePrivate(caller),
		rds.NewMakeSnapshotPrivate(caller),

		autoscaling.NewSuspendProcesses(caller),
		autoscaling.NewUseELBHealthChecks(caller),

		elb.NewDropInvalidHeaders(caller),
		elb.NewEnableAccessLogs(caller),
		elb.NewEnableDeletionProtection(caller),
		elb.NewMitigateDesync(caller),
		elb.NewRedirectHTTP(caller),

		resolver.NewBlockDomain(caller),
		redshift.NewEnableLogging(caller),
		redshift.NewEnableUpgrades(caller),
		redshift.NewEnableVPCRouting(caller),
		redshift.NewEncryptCluster(caller),
		redshift.NewKeepSnapshots(caller),
		redshift.NewMakePrivate(caller),

		s3.NewBlockAccount(caller),
		s3.NewBlockBucket(caller),
		s3.NewEnableEncryption(caller),
		s3.NewEnableLogging(caller),
		s3.NewEnableObjectLock(caller),
		s3.NewEnableVersioning(caller),
		s3.NewMakeACLPrivate(caller),
		s3.NewRemovePublicStatements(caller),
		s3.NewRequireTLS(caller),
		s3.NewRevertACL(caller),
		s3.NewRevertPolicy(caller),

		secretsmanager.NewEnableRotation(caller),
		secretsmanager.NewRemovePublicStatements(caller),
		secretsmanager.NewRotate(caller),

		securityhub.NewEnable(caller),
		securityhub.NewPostFinding(caller),

		sns.NewEnableEncryption(caller),
		sns.NewRemovePublicStatements(caller),

		sqs.NewEnableEncryption(caller),
		sqs.NewRemovePublicStatements(caller),

		ticket.NewClose(o.Trackers),
		ticket.NewComment(o.Trackers),
		ticket.NewCreate(o.Trackers),

		ssm.NewBlockPublicSharing(caller),
		ssm.NewMakeDocumentPrivate(caller),
		ssm.NewPatchInstance(caller),
		ssm.NewRunDocument(caller),
		ssm.NewStartAutomation(caller),

		wafv2.NewAssociateWebACL(caller),
		wafv2.NewBlockAddress(caller),
		wafv2.NewRestoreWebACL(caller),
		wafv2.NewUnblockAddress(caller),

		webhook.NewSend(o.Webhooks, o.Now),
	)
}
