package sandbox

// allServices lists what the sandbox answers.
func allServices() []*service {
	return []*service{
		cloudtrailService(),
		ec2Service(),
		s3Service(),
		s3controlService(),
		sqsService(),
		snsService(),
		stsService(),
		iamService(),
		accountService(),
		organizationsService(),
		eventsService(),
		kinesisService(),
		firehoseService(),
		logsService(),
		lambdaService(),
		stepFunctionsService(),
		ssmService(),
		ecsService(),
		wafv2Service(),
		elbv2Service(),
		autoscalingService(),
		kmsService(),
		configService(),
		rdsService(),
		secretsService(),
		ecrService(),
		guarddutyService(),
		securityhubService(),
		macieService(),
		analyzerService(),
	}
}
