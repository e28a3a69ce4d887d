{{- /* What the pods of every role have in common. Takes (dict "root" $ "role" "door"). */ -}}
{{- define "watchkeeper.podMetadata" -}}
labels:
  {{- include "watchkeeper.selector" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .role }}
  {{- with .root.Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  checksum/config: {{ include (print .root.Template.BasePath "/configmap.yaml") .root | sha256sum }}
  {{- with .root.Values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "watchkeeper.podSpec" -}}
serviceAccountName: {{ include "watchkeeper.fullname" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
terminationGracePeriodSeconds: {{ .root.Values.termination.gracePeriodSeconds }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "watchkeeper.selector" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .role }}
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "watchkeeper.selector" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .role }}
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "watchkeeper.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "watchkeeper.container" -}}
name: watchkeeper
image: {{ include "watchkeeper.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args: [serve]
ports:
  - name: http
    containerPort: 8711
securityContext:
  {{- include "watchkeeper.containerSecurity" . | nindent 2 }}
envFrom:
  - configMapRef:
      name: {{ include "watchkeeper.fullname" .root }}
  {{- with .root.Values.extraEnvFrom }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
env:
  - name: WATCHKEEPER_ROLE
    value: {{ .role | quote }}
  {{- if eq .root.Values.mode "postgres" }}
  - name: WATCHKEEPER_DATABASE_URL
    valueFrom:
      secretKeyRef:
        name: {{ .root.Values.existingSecret }}
        key: database-url
  {{- end }}
  {{- with .root.Values.lake.optionsSecret }}
  {{- if .name }}
  - name: WATCHKEEPER_LAKE_OPTIONS
    valueFrom:
      secretKeyRef:
        name: {{ .name }}
        key: {{ .key }}
  {{- end }}
  {{- end }}
  {{- with .root.Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
resources:
  {{- toYaml .resources | nindent 2 }}
startupProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: 5
  timeoutSeconds: 5
{{- if .root.Values.termination.preStopSeconds }}
lifecycle:
  preStop:
    sleep:
      seconds: {{ .root.Values.termination.preStopSeconds }}
{{- end }}
volumeMounts:
  - name: home
    mountPath: /var/lib/watchkeeper
  - name: tmp
    mountPath: /tmp
  - name: first-key
    mountPath: /etc/watchkeeper
    readOnly: true
{{- end -}}

{{- define "watchkeeper.volumes" -}}
- name: tmp
  emptyDir: {}
- name: first-key
  secret:
    secretName: {{ .root.Values.existingSecret }}
    defaultMode: 0440
    items:
      - key: admin-key
        path: admin-key
{{- end -}}
