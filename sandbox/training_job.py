"""A training job from its channels to its archives, and every way it may end."""

import time
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.aws_model import Json
from sandbox.channels import ChannelError, copy_down, copy_up, fetch, pack
from sandbox.container import HOST, SHOWN_CHARACTERS, Container, End
from sandbox.training_log import TrainingLog, metrics_in
from sandbox.training_record import TrainingRecord

_KEPT_S = 5.0
_LOGGED_S = 1.0


@dataclass
class TrainingJob:
    """One job: its record and its container. It ends, whatever happens, in Completed, Failed or Stopped."""

    record: TrainingRecord
    container: Container
    _log: TrainingLog | None = field(default=None, init=False)
    _log_at: float = field(default=0.0, init=False)
    _keep_at: float = field(default=0.0, init=False)

    def printed(self) -> str:
        """Return everything that the command printed so far."""
        log = self.container.log
        return log.read_text(errors="replace") if log.exists() else ""

    def run(self) -> None:
        """Do it all."""
        try:
            self._run()
        except ChannelError as error:
            self._fail(f"ClientError: Data download failed: {error}")
        except Exception as error:  # noqa: BLE001 - ours, not the job's: it must not seem to run for ever
            self.record.note(f"{self.record.name}: {error!r}")
            self._fail(f"InternalServerError: {error}")

    def _run(self) -> None:
        record = self.record
        self.container.lay_out(record.request)
        record.go_on("Downloading")
        self._download()
        record.go_on("Training", TrainingStartTime=time.time())
        if record.stopping:
            self._end("Stopped", "Stopped")
            return
        end, code = self.container.run(
            record.request, record.arn, lambda: record.stopping, self._tick
        )
        self._keep_checkpoints()
        if code and end is End.BY_ITSELF:
            self._leave("output/data", "output.tar.gz")
            self._fail(self._reason(code))
        else:
            self._finish(end)

    def _download(self) -> None:
        request = self.record.request
        if "CheckpointConfig" in request:
            uri = request["CheckpointConfig"]["S3Uri"]
            copy_down(self.record.aws, uri, self.container.checkpoints(request))
        for channel in request.get("InputDataConfig", []):
            name = channel["ChannelName"]
            try:
                fetch(
                    self.record.aws,
                    channel,
                    self.container.channel(name),
                    lambda: self.record.stopping,
                )
            except ChannelError as error:
                raise ChannelError(f"channel {name}: {error}") from error

    def _finish(self, end: End) -> None:
        """Keep what there is, after a stop and at the limit too, and say how it ended."""
        self.record.go_on("Uploading")
        kept = self._leave("model", "model.tar.gz")
        self._leave("output/data", "output.tar.gz")
        facts: Json = {"ModelArtifacts": {"S3ModelArtifacts": kept}} if kept else {}
        if end is End.TIME_OVER:
            self._end("MaxRuntimeExceeded", "Stopped", facts)
        elif self.record.stopping:
            self._end("Stopped", "Stopped", facts)
        else:
            self._end("Completed", "Completed", facts)

    def _leave(self, folder: str, name: str) -> str | None:
        root = self.record.request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        uri = f"{root}/{self.record.name}/output/{name}"
        return uri if pack(self.record.aws, self.container.base / folder, uri) else None

    def _reason(self, code: int) -> str:
        lines = self.printed().strip().splitlines() or ["the command said nothing"]
        return f"AlgorithmError: {self.container.failure or lines[-1]}, exit code: {code}"

    def _fail(self, reason: str) -> None:
        reason = reason[:SHOWN_CHARACTERS]
        self._end("Failed", "Failed", {"FailureReason": reason}, reason)

    def _end(
        self, secondary: str, status: str, facts: Json | None = None, said: str | None = None
    ) -> None:
        definitions = self.record.request["AlgorithmSpecification"].get("MetricDefinitions", [])
        metrics = metrics_in(self.printed(), definitions)
        self.record.end(secondary, status, {"FinalMetricDataList": metrics, **(facts or {})}, said)

    def _tick(self) -> None:
        """Pass on what was printed, and keep the checkpoints now and then."""
        now = time.monotonic()
        process = self.container.process
        if now >= self._log_at or (process is not None and process.poll() is not None):
            self._log_at = now + _LOGGED_S
            self._send_log()
        if now >= self._keep_at:
            self._keep_at = now + _KEPT_S
            self._keep_checkpoints()

    def _keep_checkpoints(self) -> None:
        request = self.record.request
        if "CheckpointConfig" in request:
            folder, uri = self.container.checkpoints(request), request["CheckpointConfig"]["S3Uri"]
            copy_up(self.record.aws, folder, uri)

    def _send_log(self) -> None:
        """A log that is not kept fails no job."""
        try:
            if self._log is None:
                stream = f"{self.record.name}/{HOST}-{int(self.record.created_s)}"
                client = self.record.aws.client("logs")
                self._log = TrainingLog(client, self.container.log, stream)
            self._log.send()
        except (ClientError, BotoCoreError) as error:
            self.record.note(f"{self.record.name}: no log kept: {error}")
