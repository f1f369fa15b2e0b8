"""Who may do what in the loop's stack; also what it adds to the role of the portal's API."""

from granted import (
    CAMERAS,
    EVENTS,
    IMAGES,
    LOG,
    MODELS,
    PAPERS,
    PARAMETERS,
    PREDICTIONS,
    QUERY,
    QUEUE_SEND,
    REVIEWS,
    SIGNING_KEY,
    Grants,
)

HERE = "<AWS::Region>:<AWS::AccountId>"
FAILURES, REVIEW_QUEUE = (
    "<FailedLoopInvocations.Arn>",
    "<FabWaferService:ExportsOutputFnGetAttReviewingReviewArn>",
)
JOB_LOG_GROUP = f"arn:<AWS::Partition>:logs:{HERE}:log-group:/aws/sagemaker/TrainingJobs"
JOB_LOGS = f"{JOB_LOG_GROUP}:*"
JOBS = f"arn:<AWS::Partition>:sagemaker:{HERE}:training-job/fabwafer-*"
PACKAGES = f"arn:<AWS::Partition>:sagemaker:{HERE}"
COMPONENTS = f"arn:<AWS::Partition>:greengrass:{HERE}:components"
IOT = f"arn:<AWS::Partition>:iot:{HERE}"
READ_LOG = {"logs:DescribeLogStreams", "logs:GetLogEvents"}
READ_WRITE = {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"}
READ_FILE, READ_WRITE_FILE = {"s3:GetObject"}, {"s3:GetObject", "s3:PutObject"}
BATCH = {"dynamodb:BatchGetItem"}
LIST, TELL = {"s3:ListBucket"}, {"sns:Publish"}
START = {"states:StartExecution"}
SIGN = {"kms:Sign", "kms:GetPublicKey"}
COMPONENT = {
    "greengrass:CreateComponentVersion",
    "greengrass:DescribeComponent",
    "greengrass:GetComponent",
}
RING = {"iot:CreateJob", "iot:DescribeThingGroup", "iot:ListThingsInThingGroup"}

LOOP_GRANTS: Grants = {
    "StartTrainingRole": {
        "<StartTrainingLogs.Arn>": LOG,
        FAILURES: QUEUE_SEND,
        "<RolloutMachine>": START,
        PAPERS: READ_WRITE,
        REVIEWS: BATCH,
        f"{REVIEWS}/index/by_state": QUERY,
        f"{EVENTS}/index/by_time": QUERY,
        f"{PREDICTIONS}/index/by_fab": QUERY,
        f"{IMAGES}/*": READ_FILE,
        IMAGES: LIST,
        MODELS: LIST,
        f"{MODELS}/datasets/*": READ_WRITE_FILE,
        f"{MODELS}/recent/*": READ_WRITE_FILE,
        f"{MODELS}/bundles/*": READ_FILE,
        f"{PARAMETERS}/models/*": {"ssm:GetParameter"},
        JOBS: {
            *("sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob"),
            *("sagemaker:StopTrainingJob", "sagemaker:AddTags"),
        },
        "<TrainingJobRole.Arn>": {"iam:PassRole"},
        JOB_LOG_GROUP: READ_LOG,
        JOB_LOGS: READ_LOG,
        "<RegisterModel.Arn>": {"lambda:InvokeFunction"},
        "<Notices>": TELL,
    },
    "RegisterModelRole": {
        "<RegisterModelLogs.Arn>": LOG,
        FAILURES: QUEUE_SEND,
        PAPERS: READ_WRITE,
        f"{MODELS}/trainings/*": READ_FILE,
        f"{MODELS}/bundles/*": READ_WRITE_FILE,
        MODELS: LIST,
        SIGNING_KEY: SIGN,
        f"{PARAMETERS}/models/*": {"ssm:PutParameter"},
        JOBS: {"sagemaker:DescribeTrainingJob"},
        JOB_LOG_GROUP: READ_LOG,
        JOB_LOGS: READ_LOG,
        f"{PACKAGES}:model-package-group/FabWaferWaferMap": {
            *("sagemaker:CreateModelPackageGroup", "sagemaker:CreateModelPackage"),
            "sagemaker:ListModelPackages",
        },
        f"{PACKAGES}:model-package/FabWaferWaferMap/*": {
            *("sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage"),
        },
        "<RolloutMachine>": START,
        "<Notices>": TELL,
    },
    "TrainingJobRole": {
        MODELS: LIST,
        IMAGES: LIST,
        f"{IMAGES}/*": READ_FILE,
        **{
            f"{MODELS}/{folder}/*": READ_FILE
            for folder in ("base", "test", "start", "code", "datasets", "recent", "bundles")
        },
        f"{MODELS}/trainings/*": READ_WRITE_FILE | {"s3:AbortMultipartUpload"},
        f"{MODELS}/checkpoints/*": READ_WRITE_FILE | {"s3:AbortMultipartUpload"},
        JOB_LOGS: LOG | {"logs:CreateLogGroup", "logs:DescribeLogStreams"},
        "arn:<AWS::Partition>:ecr:<AWS::Region>:763104351884:repository/pytorch-training": {
            *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage"),
            "ecr:GetDownloadUrlForLayer",
        },
        "*": {"cloudwatch:PutMetricData", "ecr:GetAuthorizationToken"},
    },
    "ReleaseModelRole": {
        "<ReleaseModelLogs.Arn>": LOG,
        FAILURES: QUEUE_SEND,
        PAPERS: READ_WRITE,
        f"{PREDICTIONS}/index/by_camera": QUERY,
        REVIEWS: BATCH,
        CAMERAS: QUERY,
        f"{MODELS}/bundles/*": READ_WRITE_FILE,
        MODELS: LIST,
        f"{PARAMETERS}/models/*": {"ssm:GetParameter"},
        **{
            f"{COMPONENTS}:com.fabwafer.{name}": {"greengrass:CreateComponentVersion"}
            for name in ("Model", "ShadowModel")
        },
        **{
            f"{COMPONENTS}:com.fabwafer.{name}:versions:*": COMPONENT
            for name in ("Model", "ShadowModel")
        },
        "*": {
            *("greengrass:CreateDeployment", "greengrass:GetDeployment"),
            *("greengrass:ListDeployments", "greengrass:ListEffectiveDeployments"),
        },
        **{
            f"{IOT}:thinggroup/FabWaferModel{ring}": RING
            for ring in ("Canary", "Early", "Everyone")
        },
        f"{IOT}:thing/*": {"iot:DescribeJobExecution", "iot:DescribeThing", "iot:GetThingShadow"},
        f"{IOT}:job/*": {"iot:CancelJob", "iot:CreateJob", "iot:DescribeJob", "iot:UpdateJob"},
        f"{PACKAGES}:model-package/FabWaferWaferMap/*": {"sagemaker:UpdateModelPackage"},
        "<Notices>": TELL,
        SIGNING_KEY: SIGN,
        f"arn:<AWS::Partition>:states:{HERE}:stateMachine:FabWaferRollout": START,
    },
    "RolloutMachineRole": {
        "<ReleaseModel.Arn>": {"lambda:InvokeFunction"},
        "*": {
            *("logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups"),
            *("logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries"),
            *("logs:PutResourcePolicy", "logs:UpdateLogDelivery"),
            *("xray:GetSamplingRules", "xray:GetSamplingTargets"),
            *("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
        },
    },
    "WatchDriftRole": {
        "<WatchDriftLogs.Arn>": LOG,
        FAILURES: QUEUE_SEND,
        REVIEW_QUEUE: QUEUE_SEND,
        f"{PREDICTIONS}/index/by_camera": QUERY,
        f"{PREDICTIONS}/index/by_fab": QUERY,
        CAMERAS: QUERY,
        REVIEWS: BATCH,
        PAPERS: {"dynamodb:GetItem", "dynamodb:PutItem"},
        f"{PARAMETERS}/models/*": {"ssm:GetParameter"},
        "<Notices>": TELL,
    },
    "PickReviewsRole": {
        "<PickReviewsLogs.Arn>": LOG,
        FAILURES: QUEUE_SEND,
        REVIEW_QUEUE: QUEUE_SEND,
        PREDICTIONS: BATCH,
        f"{PREDICTIONS}/index/by_fab": QUERY,
        REVIEWS: BATCH,
        PAPERS: {"dynamodb:GetItem", "dynamodb:PutItem"},
    },
    "FabWaferService:ExportsOutputRefReviewApiRole": {
        "<StartTraining.Arn>": {"lambda:InvokeFunction"},
        "<RolloutMachine>": START,
        f"{PACKAGES}:model-package/FabWaferWaferMap/*": {"sagemaker:UpdateModelPackage"},
        JOB_LOG_GROUP: READ_LOG,
        JOB_LOGS: READ_LOG,
    },
}
