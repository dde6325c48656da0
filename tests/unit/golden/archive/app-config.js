window.__filename = "/"; // onnxruntime-web reads it where the browser knows no current script; without it the page stays blank
// Written by pacsmith (role archive): the settings of OHIF 3.12.10.
// Sign in before anything is drawn: behind the browser's dialog the viewer would move its waiting bar for hours, which
// keeps a processor busy on a station without a graphics card.
try {
  const asked = new XMLHttpRequest();
  asked.open("GET", "/dicom-web/studies?limit=1", false);
  asked.send();
} catch {
  // the viewer itself says what is wrong
}

// The tour of a first visit lies over the image and dims it: grey values would be wrong.
try {
  localStorage.setItem("shownTours", JSON.stringify(["basicViewerTour"]));
} catch {
  // a browser that keeps nothing
}

window.config = {
  name: "config/pacsmith.js",
  routerBasename: null,
  extensions: [],
  modes: [],
  customizationService: {},
  showStudyList: true,
  maxNumberOfWebWorkers: 3,
  showWarningMessageForCrossOrigin: true,
  showCPUFallbackMessage: true,
  showLoadingIndicator: true,
  strictZSpacingForVolumeViewport: true,
  groupEnabledModesFirst: true,
  allowMultiSelectExport: false,
  maxNumRequests: { interaction: 100, thumbnail: 75, prefetch: 25 },
  showErrorDetails: "production",
  investigationalUseDialog: { option: "never" },
  defaultDataSourceName: "archive",
  dataSources: [
    {
      namespace: "@ohif/extension-default.dataSourcesModule.dicomweb",
      sourceName: "archive",
      configuration: {
        friendlyName: "archive01.imaging.st-brigid.example",
        name: "archive",
        wadoUriRoot: "/wado",
        qidoRoot: "/dicom-web",
        wadoRoot: "/dicom-web",
        qidoSupportsIncludeField: false,
        supportsReject: false,
        supportsFuzzyMatching: false,
        supportsWildcard: true,
        imageRendering: "wadors",
        thumbnailRendering: "wadors",
        enableStudyLazyLoad: true,
        staticWado: false,
        singlepart: "bulkdata,video",
        bulkDataURI: { enabled: true, relativeResolution: "studies" },
        omitQuotationForMultipartRequest: true,
      },
    },
  ],
};
