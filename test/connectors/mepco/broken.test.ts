import { catchesFileBreakages } from '../../conformance/breakages-files.ts';
import { mepcoSubject } from './subject.ts';

catchesFileBreakages('mepco', mepcoSubject);
